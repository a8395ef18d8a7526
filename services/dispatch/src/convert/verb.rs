//! A verb's request, of whichever case: name, request id, etag and note are common to all, the step is its own.

use civic::CaseId;
use prost::Message;

use super::reader::Reader;
use crate::app::{Asked, Desk};
use crate::error::Error;

/// A verb's request.
pub trait VerbRequest: Message + Default {
    /// Name of the rpc: request ids are unique per caller and rpc.
    const RPC: &'static str;
    /// What it asks of the case, its texts still plain.
    type Step;

    /// Takes the request id out, so that what is left is the body that the id stands for.
    fn take_request_id(&mut self) -> String;

    /// Name, etag and note, and the step. `None` when a fault was noted.
    fn into_parts(self, reader: &mut Reader<'_>) -> (String, String, String, Option<Self::Step>);
}

/// The verb as it was asked for. `id_of` reads the name of its kind of case.
///
/// # Errors
/// Not found for a malformed name, else every field at fault.
pub fn asked<R: VerbRequest>(
    mut request: R,
    desk: &Desk,
    id_of: fn(&str) -> Result<CaseId, Error>,
) -> Result<Asked<R::Step>, Error> {
    let request_id = request.take_request_id();
    let body = request.encode_to_vec();
    let mut reader = Reader::new(desk);
    let request_id = reader.request_id(request_id);
    let (name, etag, note, step) = request.into_parts(&mut reader);
    let id = id_of(&name)?;
    let etag = reader.etag(&etag);
    let note = reader.optional_text("note", note);
    let step = reader.finish(step)?;
    Ok(Asked { id, rpc: R::RPC, request_id, body, etag, note, step })
}

/// Makes requests with these steps verbs: the generated types have the same four fields and no trait of their own to read them by.
macro_rules! verbs {
    ($step:ty; $($request:ident as $rpc:literal: |$asked:ident, $reader:ident| $read:expr;)+) => {$(
        impl $crate::convert::verb::VerbRequest for pb::$request {
            const RPC: &'static str = $rpc;
            type Step = $step;

            fn take_request_id(&mut self) -> String {
                std::mem::take(&mut self.request_id)
            }

            fn into_parts(mut self, $reader: &mut Reader<'_>) -> (String, String, String, Option<$step>) {
                let name = std::mem::take(&mut self.name);
                let etag = std::mem::take(&mut self.etag);
                let note = std::mem::take(&mut self.note);
                let $asked = self;
                (name, etag, note, $read)
            }
        }
    )+};
}

pub(super) use verbs;
