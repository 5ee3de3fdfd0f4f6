//! Lines of a text file, plain or gzip'd, in constant memory.
//!
//! Gzip is recognised by its first bytes, never by the name, and may have several members. Line ends are LF
//! or CRLF, a byte-order mark is skipped, the last line may lack its end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::error::ArchiveError;

/// The longest line that is looked at.
pub(crate) const LINE_LENGTH_MAX: usize = 4_096;
const BUFFER_LENGTH: usize = 1 << 18;
const INPUT_LENGTH: usize = 1 << 16;
/// More than a usual row has.
const AHEAD_LENGTH: usize = 256;

/// A file that counts what was read from it.
#[derive(Debug)]
struct Counted {
    file: File,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

#[derive(Debug)]
enum Source {
    Plain(Counted),
    Gzip(Box<MultiGzDecoder<BufReader<Counted>>>),
}

/// The lines of one file.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    source: Source,
    buffer: Vec<u8>,
    /// Start of the line that was handed out last.
    last_start: usize,
    start: usize,
    end: usize,
    source_ended: bool,
    number: u64,
    size: u64,
    text_size: u64,
    text_read: u64,
}

impl Lines {
    /// Opens `path` and looks at its first bytes.
    ///
    /// # Errors
    /// [`ArchiveError::Io`], or [`ArchiveError::NotCsv`] for a folder, an archive and the like.
    pub fn open(path: &Path) -> Result<Lines, ArchiveError> {
        let mut file = File::open(path).map_err(ArchiveError::io(path, "open"))?;
        let meta = file.metadata().map_err(ArchiveError::io(path, "look at"))?;
        if meta.is_dir() {
            return Err(ArchiveError::NotCsv {
                path: path.to_owned(),
                kind: "a directory",
                fix: "name one file in it",
            });
        }
        let size = meta.len();
        let magic = first_bytes(&mut file).map_err(ArchiveError::io(path, "read"))?;
        if let Some((kind, fix)) = foreign(&magic) {
            return Err(ArchiveError::NotCsv { path: path.to_owned(), kind, fix });
        }
        file.rewind().map_err(ArchiveError::io(path, "read from the start (pipes are not supported)"))?;
        let counted = Counted { file, bytes: 0 };
        let (source, text_size) = if magic.starts_with(&[0x1f, 0x8b]) {
            let input = BufReader::with_capacity(INPUT_LENGTH, counted);
            (Source::Gzip(Box::new(MultiGzDecoder::new(input))), gzip_text_size(path, size))
        } else {
            (Source::Plain(counted), size)
        };
        let mut lines = Lines {
            path: path.to_owned(),
            source,
            buffer: vec![0; BUFFER_LENGTH],
            last_start: 0,
            start: 0,
            end: 0,
            source_ended: false,
            number: 0,
            size,
            text_size,
            text_read: 0,
        };
        lines.fill()?;
        if lines.pending().starts_with(b"\xef\xbb\xbf") {
            lines.start += 3;
        }
        Ok(lines)
    }

    /// The file, and the line that was handed out last.
    pub(crate) fn current(&self) -> (&Path, &[u8]) {
        let line = self.buffer.get(self.last_start..self.start).unwrap_or_default();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        (&self.path, line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The next line without its end, or `None` after the last one.
    ///
    /// # Errors
    /// What reading can give: [`ArchiveError::Io`], [`ArchiveError::Gzip`], [`ArchiveError::LineTooLong`].
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
        let mut length = self.find_end();
        while length.is_none() && !self.source_ended {
            if self.end - self.start > LINE_LENGTH_MAX {
                return Err(self.too_long());
            }
            self.fill()?;
            length = self.find_end();
        }
        let pending = self.end - self.start;
        if length.is_none() && pending == 0 {
            return Ok(None);
        }
        let line_length = length.unwrap_or(pending);
        if line_length > LINE_LENGTH_MAX {
            return Err(self.too_long());
        }
        self.number += 1;
        self.last_start = self.start;
        self.start += line_length + usize::from(length.is_some());
        self.text_read += u64::try_from(self.start - self.last_start).unwrap_or(0);
        let line = self.buffer.get(self.last_start..self.last_start + line_length).unwrap_or_default();
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// What lies ahead in the buffer: a whole line and more, unless the file ends or the line is very long.
    #[inline]
    pub(crate) fn ahead(&mut self) -> Result<&[u8], ArchiveError> {
        if self.end - self.start < AHEAD_LENGTH && !self.source_ended {
            self.fill()?;
        }
        Ok(self.pending())
    }

    /// Takes a line of `length` bytes (with its end) that was found in what lies ahead.
    #[inline]
    pub(crate) fn consume(&mut self, length: usize) {
        self.number += 1;
        self.last_start = self.start;
        self.start = self.end.min(self.start + length);
        self.text_read += u64::try_from(length).unwrap_or(0);
    }

    /// Puts the line that was handed out last back.
    pub(crate) fn unread(&mut self) {
        if self.start != self.last_start {
            self.start = self.last_start;
            self.number -= 1;
        }
    }

    /// The number of the line that was handed out last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file on disk.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of the text, estimated where the file is compressed.
    pub(crate) fn text_size(&self) -> u64 {
        self.text_size
    }

    /// Bytes of the text that were handed out.
    pub(crate) fn text_read(&self) -> u64 {
        self.text_read
    }

    /// Bytes of the file that were read.
    pub fn position(&self) -> u64 {
        match &self.source {
            Source::Plain(counted) => counted.bytes,
            Source::Gzip(decoder) => decoder.get_ref().get_ref().bytes,
        }
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    fn find_end(&self) -> Option<usize> {
        self.pending().iter().position(|byte| *byte == b'\n')
    }

    fn too_long(&self) -> ArchiveError {
        ArchiveError::LineTooLong { path: self.path.clone(), line: self.number + 1, limit: LINE_LENGTH_MAX }
    }

    /// Moves what is left to the front and reads more behind it.
    fn fill(&mut self) -> Result<(), ArchiveError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.last_start = 0;
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let outcome = loop {
            let outcome = match &mut self.source {
                Source::Plain(counted) => counted.read(free),
                Source::Gzip(decoder) => decoder.read(free),
            };
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => break outcome,
            }
        };
        match outcome {
            Ok(0) => self.source_ended = true,
            Ok(count) => self.end += count,
            Err(error) => return Err(self.read_error(error)),
        }
        Ok(())
    }

    fn read_error(&self, error: io::Error) -> ArchiveError {
        let path = self.path.clone();
        match (&self.source, error.raw_os_error()) {
            (Source::Gzip(_), None) => {
                ArchiveError::Gzip { path, line: self.number, reason: error.to_string() }
            }
            (Source::Gzip(_) | Source::Plain(_), _) => {
                ArchiveError::Io { path, action: "read", source: error }
            }
        }
    }
}

fn first_bytes(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(8);
    file.by_ref().take(8).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file is that is certainly not ours, and what to do with it.
fn foreign(magic: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "unpack it, or pack it with gzip";
    const UTF8: &str = "save it as UTF-8";
    let kinds: [(&[u8], &str, &str); 8] = [
        (b"PK\x03\x04", "a zip archive", UNPACK),
        (b"PAR1", "a Parquet file", "Parquet files are read from a store, export it there"),
        (b"\x28\xb5\x2f\xfd", "zstd data", UNPACK),
        (b"\xfd7zXZ", "xz data", UNPACK),
        (b"BZh", "bzip2 data", UNPACK),
        (b"\xff\xfe", "UTF-16 text", UTF8),
        (b"\xfe\xff", "UTF-16 text", UTF8),
        (b"SQLite f", "an SQLite database", "export the table as CSV"),
    ];
    kinds.into_iter().find(|(start, ..)| magic.starts_with(start)).map(|(_, kind, fix)| (kind, fix))
}

/// The size that the gzip trailer states (of the last member, modulo 4 GiB), if it is believable.
fn gzip_text_size(path: &Path, size: u64) -> u64 {
    const RATIO_MAX: u64 = 64;
    let stated = File::open(path).and_then(|mut file| {
        let mut trailer = [0; 4];
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut trailer)?;
        Ok(u64::from(u32::from_le_bytes(trailer)))
    });
    stated.unwrap_or(0).min(size.saturating_mul(RATIO_MAX))
}
