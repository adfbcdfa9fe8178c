//! `assay user`, `key`, `backup` and `doctor`: work on a data folder, also beside a running server.
#![expect(clippy::print_stdout, reason = "the answers are for the person at the terminal")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::{
    auth::{Actor, Role, Scope},
    project::Project,
};
use services::Services;
use store_sqlite::DataFile;

use crate::data::{self, explain};

/// Where links of this installation begin when `ASSAY_PUBLIC_URL` does not say.
const LOCAL_URL: &str = "http://127.0.0.1:3000";

/// Does something with the use cases of an existing folder, and closes it properly whatever becomes of it. A mistyped path must
/// not make a new folder.
pub(crate) async fn on_data<T>(
    folder: &Path,
    work: impl AsyncFnOnce(Services) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if !DataFile::Control.path(folder).is_file() {
        bail!("there is no Assay data in `{}`; name the folder with --data or ASSAY_DATA", folder.display());
    }
    let data = data::open(folder).await?;
    let done = work(data.services()).await;
    data.close().await?;
    done
}

fn print_link(public_url: Option<&str>, token: &str) {
    let url = public_url.map_or(LOCAL_URL, |url| url.trim_end_matches('/'));
    println!("{url}/setup?token={token}");
}

/// The project with this address, or the only one there is.
pub(crate) async fn project(services: &Services, slug: Option<&str>) -> anyhow::Result<Project> {
    if let Some(slug) = slug {
        return services.access.project_by_slug(&Actor::System, slug).await.map_err(explain);
    }
    let projects = services.access.projects(&Actor::System).await.map_err(explain)?;
    match <[Project; 1]>::try_from(projects) {
        Ok([only]) => Ok(only),
        Err(many) => {
            let slugs: Vec<&str> = many.iter().map(|project| project.slug.as_str()).collect();
            bail!("say which project with --project; there are: {}", slugs.join(", "))
        }
    }
}

/// Adds a person to a project and prints the link by which they choose a password. On an empty installation the link makes the
/// first owner instead.
pub(crate) async fn add_user(
    folder: &Path,
    email: &str,
    slug: Option<&str>,
    role: Role,
    public_url: Option<&str>,
) -> anyhow::Result<()> {
    on_data(folder, async |services| {
        if let Some(link) = services.access.first_owner_link().await.map_err(explain)? {
            println!("Nobody has set this server up yet. Open this link once to become the owner:");
            print_link(public_url, link.reveal());
            return Ok(());
        }
        let project = project(&services, slug).await?;
        let invited = services.access.invite(&Actor::System, project.id, email, role).await.map_err(explain)?;
        println!("Added as {} of `{}`.", role.as_str(), project.slug);
        match invited.link {
            Some(link) => {
                println!("They choose their password here, once, within 7 days:");
                print_link(public_url, link.reveal());
            }
            None => println!("They have a password already and sign in with it."),
        }
        Ok(())
    })
    .await
}

/// Prints a link by which a person sets a new password.
pub(crate) async fn reset_user(folder: &Path, email: &str, public_url: Option<&str>) -> anyhow::Result<()> {
    on_data(folder, async |services| {
        let link = services.access.reset_link(&Actor::System, email).await.map_err(explain)?;
        println!("This link sets a new password, once, within 24 hours, and signs out all their sessions:");
        print_link(public_url, link.reveal());
        Ok(())
    })
    .await
}

/// Makes a key pair with every scope and prints it, this once.
pub(crate) async fn create_key(folder: &Path, slug: &str, name: &str) -> anyhow::Result<()> {
    on_data(folder, async |services| {
        let project = project(&services, Some(slug)).await?;
        let made = services.access.create_pair(&Actor::System, project.id, name, &Scope::ALL).await.map_err(explain)?;
        println!("public key: {}", made.key.public_key);
        println!("secret key: {}", made.secret_key.reveal());
        println!("The secret key is not shown again.");
        Ok(())
    })
    .await
}

/// Revokes the key with this public half, in whichever project it is.
pub(crate) async fn revoke_key(folder: &Path, public_key: &str) -> anyhow::Result<()> {
    on_data(folder, async |services| {
        let access = services.access;
        for project in access.projects(&Actor::System).await.map_err(explain)? {
            let keys = access.keys(&Actor::System, project.id).await.map_err(explain)?;
            if let Some(key) = keys.iter().find(|key| key.public_key == public_key) {
                access.revoke_key(&Actor::System, project.id, key.id).await.map_err(explain)?;
                println!("Revoked. A running server refuses it within 5 seconds.");
                return Ok(());
            }
        }
        bail!("there is no key `{public_key}`")
    })
    .await
}

/// Copies both files, each at one moment, and the media beside them into a new folder with a manifest. To restore, start the server on that folder.
pub(crate) async fn backup(folder: &Path, target: &Path) -> anyhow::Result<()> {
    if !DataFile::Control.path(folder).is_file() {
        bail!("there is no Assay data in `{}`; name the folder with --data or ASSAY_DATA", folder.display());
    }
    // Made, not opened: a backup never writes into one that is there.
    std::fs::create_dir(target).with_context(|| format!("cannot make the new folder `{}`", target.display()))?;
    let mut files = Vec::new();
    // Events first: the prompts copied after them know every version that a copied span can name.
    for file in [DataFile::Events, DataFile::Control] {
        if !file.path(folder).is_file() {
            continue;
        }
        let copy: PathBuf = file.path(target);
        file.copy(folder, &copy).await.with_context(|| format!("cannot copy `{}`", file.name()))?;
        let examined = file.examine(target).await.with_context(|| format!("cannot read `{}`", copy.display()))?;
        if let Some(first) = examined.damage.first() {
            bail!("the copy of `{}` is damaged: {first}", file.name());
        }
        let rows: serde_json::Map<_, _> =
            examined.rows.iter().map(|(what, count)| ((*what).to_owned(), (*count).into())).collect();
        println!("{}  {} bytes", copy.display(), examined.bytes);
        files.push(serde_json::json!({
            "name": file.name(), "format": examined.format, "bytes": examined.bytes, "rows": rows,
        }));
    }
    // After the control plane: pieces only ever come, so every one its copy names is there.
    let (pieces, bytes) = store_sqlite::copy_media(folder, target).await.context("cannot copy the media")?;
    println!("{}  {pieces} pieces, {bytes} bytes", target.join("media").display());
    let media = serde_json::json!({ "pieces": pieces, "bytes": bytes });
    let manifest = serde_json::json!({ "assay": env!("CARGO_PKG_VERSION"), "files": files, "media": media });
    let path = target.join("manifest.json");
    std::fs::write(&path, format!("{manifest:#}\n")).with_context(|| format!("cannot write `{}`", path.display()))?;
    println!("Backed up. `assay serve --data {}` starts from it.", target.display());
    Ok(())
}

/// Reads both files from end to end and says what is in them; fails when something is wrong.
pub(crate) async fn doctor(folder: &Path) -> anyhow::Result<()> {
    println!("assay {}  data in {}", env!("CARGO_PKG_VERSION"), folder.display());
    let mut sound = true;
    for file in DataFile::ALL {
        match file.examine(folder).await {
            Ok(examined) => {
                let rows: Vec<String> = examined.rows.iter().map(|(what, count)| format!("{count} {what}")).collect();
                println!("{}  format {}  {} bytes  {}", file.name(), examined.format, examined.bytes, rows.join(", "));
                for finding in &examined.damage {
                    println!("  damaged: {finding}");
                }
                sound &= examined.damage.is_empty();
            }
            Err(error) => {
                println!("{}  {error}", file.name());
                sound = false;
            }
        }
    }
    if !sound {
        bail!("something is wrong with the data; stop the server and put a backup in its place");
    }
    println!("Everything is sound.");
    Ok(())
}
