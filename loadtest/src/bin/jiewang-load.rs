//! `make load`: an open-loop load on a cluster that runs already. See the library's `open`, and README.md.

use anyhow::Context;
use clap::{Parser, ValueEnum};
use jiewang::folder;
use loadtest::{
    machine::Machine,
    open::{
        city::{City, Doors},
        curve::{Base, Bulk, Curve, Storm},
        drive::{Bounds, drive},
        mix::Mix,
        schedule,
        tally::Tally,
        told::{Mark, Told},
        watch::watch,
        week::Week,
    },
};
use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Reports, looks and steps at their instants, whatever becomes of those before them.
#[derive(Parser)]
struct Args {
    /// Folder of the cluster: its key, and where its gateways listen [default: .cluster when it has a state.json, else JIEWANG_DATA_DIR, else ./data]
    #[arg(long, value_name = "DIR")]
    cluster: Option<PathBuf>,
    /// Address of a gateway; may be repeated [default: what the cluster's folder says]
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,
    /// Requests a second: the mean of the run, a storm and a bulk not counted
    #[arg(long, default_value_t = 100.0, value_parser = not_negative)]
    rate: f64,
    /// Seconds of the run
    #[arg(long, default_value_t = 60.0, value_parser = not_negative)]
    seconds: f64,
    /// How the mean is spread over the run; a --week spreads it as that week was
    #[arg(long, value_enum, default_value_t = Shape::Constant)]
    curve: Shape,
    /// CSV with a column created_at or occurTime, plain or gzip: the hours of the week are spread as its rows are
    #[arg(long, value_name = "FILE", conflicts_with = "curve")]
    week: Option<PathBuf>,
    /// Hour of that week at which the run begins, Monday 00:00 is 0
    #[arg(long, default_value_t = 8.0, value_parser = not_negative, requires = "week")]
    from_hour: f64,
    /// How many times as fast as that week: 60 is an hour in a minute
    #[arg(long, default_value_t = 60.0, value_parser = not_negative, requires = "week")]
    speed: f64,
    /// A storm: so many times the rate, from a second on, for so many seconds
    #[arg(long, value_name = "TIMES:AT:SECONDS")]
    storm: Option<Storm>,
    /// A bulk upload: so many rows due at one instant
    #[arg(long, value_name = "ROWS:AT")]
    bulk: Option<Bulk>,
    /// Shares of the kinds of requests [default: a working day, in README.md]
    #[arg(long, value_name = "KIND=SHARE,...")]
    mix: Option<Mix>,
    /// Requests that wait for their answers at the same time, at most
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
    /// Seconds for which an answer is waited for; a gateway gives up after 15
    #[arg(long, default_value_t = 20)]
    patience: u64,
    /// Reports filed before the run, not counted, so that there is something to look for
    #[arg(long, default_value_t = 200)]
    warm: usize,
    /// Decides what is due when
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write JSON and page into a folder [without a folder: loadtest/results]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_value = "target/load", default_missing_value = "loadtest/results")]
    record: PathBuf,
    /// What the files are called, behind date and commit
    #[arg(long, default_value = "load")]
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// The same all the time
    Constant,
    /// From nothing to twice the mean
    Ramp,
}

fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a number from 0 on".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jiewang-load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<()> {
    let machine = Machine::of_this_run();
    let folder_path = args.folder();
    let doors =
        if args.gateway.is_empty() { Doors::of_folder(&folder_path)? } else { Doors::new(args.gateway.clone())? };
    doors.are_ready().await?;
    let (curve, measured) = args.curve()?;
    let mix = args.mix.clone().unwrap_or_default();
    let mut asked = args.asked(&curve, &mix, &doors);
    asked.extend(measured.map(|text| ("week", text)));
    let arrivals = schedule::draw(&curve, &mix, args.seed);
    anyhow::ensure!(
        !arrivals.is_empty(),
        "nothing is due: --rate or --seconds is 0, or that week has no rows in these hours"
    );
    eprintln!("{} requests in {} s on {}, seed {}", arrivals.len(), curve.seconds, doors.words(), args.seed);
    // An hour more than it takes: the last step is asked for when the patience with all before it is over.
    let lasting = Duration::from_secs_f64(curve.seconds) + Duration::from_secs(args.patience + 3600);
    let city = Arc::new(City::new(doors, &folder_path, lasting)?);
    city.warm(args.warm).await?;
    let tally = Arc::new(Mutex::new(Tally::new(&arrivals, curve.storm)));
    let bounds = Bounds { in_flight: usize::from(args.in_flight), patience: Duration::from_secs(args.patience) };
    let (counted, warm) = (tally.clone(), args.warm);
    let seen = move |record| counted.lock().unwrap_or_else(PoisonError::into_inner).add(&record);
    let driven = drive(&arrivals, bounds, interrupted(), seen, move |n, kind| {
        let city = city.clone();
        async move { city.act(warm + n, kind).await }
    });
    let whole = tokio::select! {
        whole = driven => whole,
        () = watch(tally.clone(), curve.seconds) => anyhow::bail!("nobody ends the watch"),
    };
    let tally = Arc::into_inner(tally).context("every request is counted")?.into_inner();
    let mut tally = tally.unwrap_or_else(PoisonError::into_inner);
    tally.finish();
    let told = Told { machine, asked, marks: marks(&curve), tally, whole };
    told.print();
    println!("recorded as {}.json and .html", told.record(&args.record, &args.name)?.display());
    Ok(())
}

/// Resolves at Ctrl-C.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    eprintln!("stopping: what is in flight is waited for");
}

impl Args {
    fn folder(&self) -> PathBuf {
        let processes = PathBuf::from(".cluster");
        match &self.cluster {
            None if processes.join("state.json").exists() => processes,
            named => folder::or_default(named.as_deref()),
        }
    }

    /// With what was measured of a week.
    fn curve(&self) -> anyhow::Result<(Curve, Option<String>)> {
        let (base, measured) = match &self.week {
            None => (if self.curve == Shape::Ramp { Base::Ramp } else { Base::Constant }, None),
            Some(file) => {
                let (week, measured) = Week::measure(file)?;
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let words = format!(
                    "{name}: {} rows, {} of them tell the day only, {} no time; from hour {}, {} times as fast",
                    measured.rows, measured.by_day, measured.unreadable, self.from_hour, self.speed
                );
                (Base::Week { week: Box::new(week), from: self.from_hour, speed: self.speed }, Some(words))
            }
        };
        let Self { rate, seconds, storm, bulk, .. } = *self;
        Ok((Curve { rate, seconds, base, storm, bulk }, measured))
    }

    fn asked(&self, curve: &Curve, mix: &Mix, doors: &Doors) -> Vec<(&'static str, String)> {
        let storm = |storm: Storm| format!("{} times from {} s for {} s", storm.times, storm.at, storm.seconds);
        let bulk = |bulk: Bulk| format!("{} rows at {} s", bulk.rows, bulk.at);
        let shape = match curve.base {
            Base::Constant => "constant",
            Base::Ramp => "ramp",
            Base::Week { .. } => "week",
        };
        vec![
            ("rate", format!("{} /s, the mean without storm and bulk", curve.rate)),
            ("seconds", curve.seconds.to_string()),
            ("curve", shape.to_owned()),
            ("storm", curve.storm.map_or_else(|| "none".to_owned(), storm)),
            ("bulk", curve.bulk.map_or_else(|| "none".to_owned(), bulk)),
            ("mix", mix.to_string()),
            ("seed", self.seed.to_string()),
            ("in flight", format!("at most {}", self.in_flight)),
            ("patience", format!("{} s", self.patience)),
            ("gateways", doors.words()),
            ("generator", if cfg!(debug_assertions) { "not optimised" } else { "optimised" }.to_owned()),
        ]
    }
}

fn marks(curve: &Curve) -> Vec<Mark> {
    let storm = curve.storm.map(|storm| Mark {
        name: format!("storm, {} times the rate", storm.times),
        from: storm.at,
        until: storm.at + storm.seconds,
    });
    let bulk =
        curve.bulk.map(|bulk| Mark { name: format!("bulk of {} rows", bulk.rows), from: bulk.at, until: bulk.at });
    storm.into_iter().chain(bulk).collect()
}
