//! No name of the contract is a word for a body, for the worth of a person, or for where a person was.

use crate::descriptors::{names, ours, planted};

/// One word, or several that stand together.
const REFUSED: [&str; 3] = [
    // Bodies.
    "biometric, dna, embedding, face, faceprint, facial, feature vector, finger, fingerprint, gait, iris, palm, palmprint, \
     retina, template, vein, voiceprint, voice print",
    // What somebody is worth, and lists of people.
    "black list, blacklist, complainer, control list, credit, dossier, portrait, profile, rank, ranked, ranking, red list, \
     redlist, reputation, score, scored, trait, watch list, watchlist, white list, whitelist",
    // Where somebody was, and how much somebody walked.
    "coordinate, footprint, geofence, gps, last seen, latitude, longitude, mileage, quota, streak, track, tracked, \
     tracking, trajectories, trajectory, wristband",
];

/// Names that say something else. Each is the end of a full name; one that is in no contract any more is refused, too.
const MEANT_OTHERWISE: &[(&str, &str)] = &[
    ("tracking_number", "of a report, for whoever filed it"),
    ("TrackReport", "a report's progress, by that number"),
    ("TrackReportRequest", "the same"),
    ("TrackedReport", "the same"),
    ("Filed.track_secret", "what opens a report beside its number, hashed and sealed"),
    ("Location.latitude", "where a matter is"),
    ("Location.longitude", "the same"),
    ("Filed.latitude", "the same, as it was told"),
    ("Filed.longitude", "the same"),
    ("CreateEvaluationRequest.score", "of a unit, by those below it"),
    ("Evaluation.score", "the same, told to the rater alone"),
    ("Evaluated.score", "the same, as it is kept"),
    ("EvaluationSummary.scores", "how often a unit was given each"),
    ("LikelyDuplicate.score", "how alike two reports are"),
    ("Suggestions.ScoreSuggestion", "of an idea, by a panel"),
    ("ScoreSuggestionRequest", "the same"),
    ("SelectionEvent.scored", "the same"),
    ("IdeaScored", "the same"),
    ("Idea.scores", "how many have given one"),
    ("Idea.rank", "of an idea among the ten that are published"),
];

fn refused(names: &[String], otherwise: &[(&str, &str)]) -> Vec<String> {
    let excused = |name: &String, end: &str| name.ends_with(&format!(".{end}"));
    let mut found = Vec::new();
    for name in names {
        let own = name.rsplit('.').next().unwrap_or_default();
        if let Some(term) = said(own, &REFUSED).next()
            && !otherwise.iter().any(|(end, _)| excused(name, end))
        {
            found.push(format!("{name} says {term:?}"));
        }
    }
    let idle = otherwise.iter().filter(|(end, _)| !names.iter().any(|name| excused(name, end)));
    found.extend(idle.map(|(end, _)| format!("nothing is called {end} any more")));
    found
}

/// Which of the terms, given with commas between, a name says.
pub(crate) fn said<'a>(name: &'a str, terms: &'a [&str]) -> impl Iterator<Item = &'a str> {
    terms.iter().flat_map(|terms| terms.split(", ")).filter(|term| says(name, term))
}

/// Whether the words of the term stand in the name one behind the other; one or several of a thing are the same.
pub(crate) fn says(name: &str, term: &str) -> bool {
    let (words, term): (Vec<String>, Vec<&str>) = (words(name), term.split(' ').collect());
    let same = |(word, wanted): (&String, &&str)| word == wanted || word.strip_suffix('s') == Some(wanted);
    words.windows(term.len()).any(|window| window.iter().zip(&term).all(same))
}

/// snake_case, camelCase and CAPITALS alike.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = 'A';
    for letter in name.chars() {
        if letter == '_' || (letter.is_ascii_uppercase() && !before.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter != '_') {
            word.push(letter.to_ascii_lowercase());
        }
        before = if letter == '_' { 'A' } else { letter };
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Domain, lines not crossed: 1, 3, 4.
#[test]
fn no_name_of_the_contract_is_about_bodies_worth_or_tracks() {
    assert_eq!(refused(&names(&ours()), MEANT_OTHERWISE), [""; 0]);
}

#[test]
fn a_planted_template_score_list_or_track_is_found() {
    for name in
        ["face_template", "iris_code", "voice_prints", "personScore", "lastSeen", "trajectories_track", "daily_mileage"]
    {
        assert_eq!(refused(&names(&planted("Person", &[name], &[], "GetPerson")), &[]).len(), 1, "{name}");
    }
    let set = planted("FaceTemplate", &["name"], &["KIND_BLACK_LIST"], "RankPersons");
    assert_eq!(
        refused(&names(&set), &[]),
        [
            "jiewang.planted.v1.FaceTemplate says \"face\"",
            "jiewang.planted.v1.Kind.KIND_BLACK_LIST says \"black list\"",
            "jiewang.planted.v1.Planted.RankPersons says \"rank\"",
        ]
    );
    // A surface has a face in it, a redo a red: words count, not letters.
    let set = planted("Surface", &["irised", "listed_red", "interface"], &["BLACKLISTLESS"], "Retrack");
    assert_eq!(refused(&names(&set), &[]), [""; 0]);
}

#[test]
fn an_exception_that_excuses_nothing_is_refused() {
    let set = planted("Option", &["score"], &[], "GetOption");
    assert_eq!(refused(&names(&set), &[("Option.score", "of an idea")]), [""; 0]);
    assert_eq!(
        refused(&names(&set), &[("Option.score", "of an idea"), ("Idea.score", "gone")]),
        ["nothing is called Idea.score any more"]
    );
    // The exception is that name's alone.
    let other = planted("Person", &["score"], &[], "GetPerson");
    assert_eq!(refused(&names(&other), &[("Option.score", "of an idea")]).len(), 2);
}
