//! Media beside spans: announced by an SDK, sent to an address that is allowed by itself, read at another.
//!
//! Addresses carry who they are for, until when, and a signature (HMAC-SHA-256 with a secret of the installation), so that
//! neither needs a key: SDKs send none with the bytes, and a browser has none for a picture in a page.

use std::sync::Arc;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, TraceId},
    media::{Media as Piece, MediaId},
    time::TimeUs,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use crate::{Context, ServiceError, context::authorize};

/// The largest piece.
pub const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// How long an address to send to is good for; longer than an SDK goes on trying.
const SEND_US: i64 = 15 * 60_000_000;
/// How long an address to read at is good for.
const READ_US: i64 = 60 * 60_000_000;

/// What an address is good for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Sending the bytes.
    Send,
    /// Reading them.
    Read,
}

/// A piece of media as an SDK announces it.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// What it is, such as `image/png`.
    pub content_type: String,
    /// How many bytes it has.
    pub length: u64,
    /// SHA-256 of them in base64.
    pub sha256: String,
    /// The trace it is of, if that was said; it goes with the last of its traces.
    pub trace: Option<TraceId>,
}

/// What becomes of an announcement.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The id its content gives it.
    pub id: MediaId,
    /// Where to send the bytes; none when they are here.
    pub send_to: Option<Address>,
}

/// A piece that came, and where to read it.
#[derive(Clone, Debug)]
pub struct Readable {
    /// What is known of it.
    pub media: Piece,
    /// When it came.
    pub uploaded_us: TimeUs,
    /// Where its bytes are.
    pub address: Address,
}

/// Where a piece can be sent or read, below the address of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// Path and query.
    pub path: String,
    /// Until when.
    pub expires_us: TimeUs,
}

/// What somebody presents who comes by such an address.
#[derive(Clone, Debug)]
pub struct Presented<'p> {
    /// The project in it.
    pub project: ProjectId,
    /// The piece in it.
    pub id: MediaId,
    /// Until when it says it is good, in microseconds since 1970.
    pub expires_us: i64,
    /// The signature in it.
    pub signature: &'p str,
}

/// The right to send or read one piece.
#[derive(Clone, Debug)]
pub struct Pass {
    project: ProjectId,
    id: MediaId,
    purpose: Purpose,
}

/// Use cases around media. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    context: Arc<Context>,
    secret: Arc<OnceCell<[u8; 32]>>,
}

impl Media {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, secret: Arc::default() }
    }

    /// Says that a piece will come.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] (`contentType`, `sha256Hash`, `contentLength`); [`ServiceError::TooLarge`].
    pub async fn announce(
        &self,
        actor: &Actor,
        project: ProjectId,
        announcement: &Announcement,
    ) -> Result<Announced, ServiceError> {
        authorize(actor, project, Permission::Ingest)?;
        let content_type = announcement.content_type.parse().map_err(ServiceError::of("contentType"))?;
        let digest = BASE64_STANDARD.decode(&announcement.sha256).ok();
        let sha256: [u8; 32] = digest.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            ServiceError::field("sha256Hash", "not the SHA-256 of anything; it is 32 bytes in base64, 44 characters")
        })?;
        if announcement.length == 0 {
            return Err(ServiceError::field("contentLength", "nothing is to come; send the number of bytes"));
        }
        if announcement.length > MAX_BYTES {
            let length = announcement.length;
            return Err(ServiceError::TooLarge(format!(
                "The media has {length} bytes; a piece has at most {MAX_BYTES}. Send a smaller one, or its address."
            )));
        }
        let id = id_of(&sha256)?;
        let now = self.context.clock.now();
        let piece = Piece {
            id: id.clone(),
            sha256,
            content_type,
            length: announcement.length,
            created_us: now,
            uploaded_us: None,
        };
        let stands = self.context.control.announce_media(project, &piece, announcement.trace).await?;
        let send_to = match stands.uploaded_us {
            Some(_) => None,
            None => Some(self.address(project, &id, Purpose::Send).await?),
        };
        Ok(Announced { id, send_to })
    }

    /// What is known of a piece that came, with an address to read it at.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], also while it has not come.
    pub async fn readable(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<Readable, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let known: MediaId = id.parse().map_err(|_| missing(id))?;
        let media = self.context.control.media(project, &known).await?.ok_or_else(|| missing(id))?;
        let uploaded_us = media.uploaded_us.ok_or_else(|| missing(id))?;
        let address = self.address(project, &known, Purpose::Read).await?;
        Ok(Readable { media, uploaded_us, address })
    }

    /// Fails unless the project has announced the piece; for what an SDK says about how sending went.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn expect(&self, actor: &Actor, project: ProjectId, id: &str) -> Result<(), ServiceError> {
        authorize(actor, project, Permission::Ingest)?;
        let known: MediaId = id.parse().map_err(|_| missing(id))?;
        self.context.control.media(project, &known).await?.map(|_| ()).ok_or_else(|| missing(id))
    }

    /// Lets somebody through who comes by an address of ours.
    ///
    /// # Errors
    /// [`ServiceError::BadLink`] when it was not made here for this purpose, or is no longer good.
    pub async fn admit(&self, presented: &Presented<'_>, purpose: Purpose) -> Result<Pass, ServiceError> {
        let sent = BASE64_URL_SAFE_NO_PAD.decode(presented.signature).map_err(|_| ServiceError::BadLink)?;
        let mac = self.mac(presented.project, &presented.id, presented.expires_us, purpose).await?;
        // Compared in constant time.
        mac.verify_slice(&sent).map_err(|_| ServiceError::BadLink)?;
        if self.context.clock.now().0 > presented.expires_us {
            return Err(ServiceError::BadLink);
        }
        Ok(Pass { project: presented.project, id: presented.id.clone(), purpose })
    }

    /// How many bytes are expected by a pass to send.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn expected(&self, pass: &Pass) -> Result<u64, ServiceError> {
        Ok(self.known(pass).await?.length)
    }

    /// Takes the bytes in.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] when they are not the ones announced.
    pub async fn receive(&self, pass: &Pass, bytes: Vec<u8>) -> Result<(), ServiceError> {
        if pass.purpose != Purpose::Send {
            return Err(ServiceError::BadLink);
        }
        let known = self.known(pass).await?;
        if bytes.len() as u64 != known.length {
            let (came, announced) = (bytes.len(), known.length);
            return Err(ServiceError::field("body", format!("{came} bytes came where {announced} were announced")));
        }
        let (digest, bytes) = tokio::task::spawn_blocking(move || (Sha256::digest(&bytes), bytes))
            .await
            .map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
        if digest.as_slice() != known.sha256 {
            return Err(ServiceError::field("body", "its SHA-256 is not the one announced; send the bytes unchanged"));
        }
        let at = self.context.clock.now();
        Ok(self.context.control.put_media(pass.project, &pass.id, bytes, at).await?)
    }

    /// Gives the bytes out.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] while they have not come.
    pub async fn give(&self, pass: &Pass) -> Result<(Piece, Vec<u8>), ServiceError> {
        if pass.purpose != Purpose::Read {
            return Err(ServiceError::BadLink);
        }
        let known = self.known(pass).await?;
        let bytes = self.context.control.media_bytes(pass.project, &pass.id).await?;
        Ok((known, bytes.ok_or_else(|| missing(pass.id.as_str()))?))
    }

    async fn known(&self, pass: &Pass) -> Result<Piece, ServiceError> {
        let found = self.context.control.media(pass.project, &pass.id).await?;
        found.ok_or_else(|| missing(pass.id.as_str()))
    }

    async fn address(&self, project: ProjectId, id: &MediaId, purpose: Purpose) -> Result<Address, ServiceError> {
        let good_for = match purpose {
            Purpose::Send => SEND_US,
            Purpose::Read => READ_US,
        };
        let expires_us = self.context.clock.now().0.saturating_add(good_for);
        let signature = self.mac(project, id, expires_us, purpose).await?.finalize().into_bytes();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        let path = format!("/api/public/media/{project}/{id}?expires={expires_us}&signature={signature}");
        Ok(Address { path, expires_us: TimeUs(expires_us) })
    }

    async fn mac(
        &self,
        project: ProjectId,
        id: &MediaId,
        expires_us: i64,
        purpose: Purpose,
    ) -> Result<Hmac<Sha256>, ServiceError> {
        let secret = self
            .secret
            .get_or_try_init(async || {
                let mut offered = [0; 32];
                self.context.random.fill(&mut offered)?;
                Ok::<_, ServiceError>(self.context.control.signing_secret(offered).await?)
            })
            .await?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).map_err(|cause| ServiceError::Internal(Box::new(cause)))?;
        let word = match purpose {
            Purpose::Send => "send",
            Purpose::Read => "read",
        };
        // Every part but the last has one length, so parts cannot run into each other.
        mac.update(format!("media {word} {project} {id} {expires_us}").as_bytes());
        Ok(mac)
    }
}

fn id_of(sha256: &[u8; 32]) -> Result<MediaId, ServiceError> {
    let text = BASE64_URL_SAFE_NO_PAD.encode(sha256);
    let start = text.get(..MediaId::LENGTH).unwrap_or_default();
    start.parse().map_err(|cause| ServiceError::Internal(Box::new(cause)))
}

fn missing(id: &str) -> ServiceError {
    ServiceError::NotFound { entity: "media", id: id.chars().take(60).collect() }
}
