//! Any text as the name of an export.

use seawall_smc::export::Name;

/// What is read is written the same; what is refused says why.
pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<Name>() {
        Ok(name) => {
            assert_eq!(name.to_string(), text, "written as it was read");
            assert_eq!(text.parse::<Name>().as_ref(), Ok(&name));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
