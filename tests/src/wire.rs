//! Just enough HTTP/1.1 to read, keep and pass on whole messages.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::TcpStream;

/// A request or a response with its whole body.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    /// Header names and values, in the order and case in which they came.
    pub headers: Vec<(String, String)>,
    /// The body without any transfer encoding.
    pub body: Vec<u8>,
}

impl Message {
    /// A response with this status and content type.
    pub fn response(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            start: format!("HTTP/1.1 {status} Harness"),
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Method and target of a request line.
    pub fn target(&self) -> (&str, &str) {
        let mut words = self.start.split(' ');
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }

    /// The code of a status line.
    pub fn status(&self) -> Option<u16> {
        self.start.split(' ').nth(1)?.parse().ok()
    }

    /// Writes the message with a length, whatever encoding it came in.
    pub async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut W) -> Result<()> {
        let mut bytes = format!("{}\r\n", self.start).into_bytes();
        for (name, value) in &self.headers {
            if !is_framing(name) {
                bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(&self.body);
        writer.write_all(&bytes).await?;
        writer.flush().await
    }
}

fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding", "expect"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
}

/// Reads the next request of a connection; `None` when the peer is done.
pub async fn read_request(stream: &mut BufReader<TcpStream>) -> Result<Option<Message>> {
    let Some(mut message) = read_head(stream).await? else {
        return Ok(None);
    };
    if message.header("expect").is_some() {
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await?;
    }
    message.body = read_body(stream, &message, false).await?;
    Ok(Some(message))
}

/// Reads the response to a request with this method.
pub async fn read_response(stream: &mut BufReader<TcpStream>, method: &str) -> Result<Message> {
    let mut message = read_head(stream)
        .await?
        .ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
    let bodiless = method == "HEAD" || matches!(message.status(), Some(204 | 304));
    if !bodiless {
        message.body = read_body(stream, &message, true).await?;
    }
    Ok(message)
}

/// Sends one request on a connection of its own.
pub async fn exchange(address: &str, request: &Message) -> Result<Message> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let mut closing = request.clone();
    closing
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case("connection"));
    let closing = closing.with("Connection", "close");
    closing.write(stream.get_mut()).await?;
    read_response(&mut stream, closing.target().0).await
}

async fn read_head<R: AsyncBufRead + Unpin>(reader: &mut R) -> Result<Option<Message>> {
    let Some(start) = read_line(reader).await? else {
        return Ok(None);
    };
    let mut message = Message {
        start,
        ..Message::default()
    };
    while let Some(line) = read_line(reader).await? {
        if line.is_empty() {
            return Ok(Some(message));
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        message.headers.push((name.into(), value.trim().into()));
    }
    Err(ErrorKind::UnexpectedEof.into())
}

async fn read_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&bytes);
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn read_body<R: AsyncBufRead + Unpin>(
    reader: &mut R,
    head: &Message,
    until_end: bool,
) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if head
        .header("transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    {
        read_chunks(reader, &mut body).await?;
    } else if let Some(length) = head.header("content-length") {
        let length = length
            .parse()
            .map_err(|_| Error::from(ErrorKind::InvalidData))?;
        body.resize(length, 0);
        reader.read_exact(&mut body).await?;
    } else if until_end {
        reader.read_to_end(&mut body).await?;
    }
    Ok(body)
}

async fn read_chunks<R: AsyncBufRead + Unpin>(reader: &mut R, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let line = read_line(reader).await?.unwrap_or_default();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size =
            usize::from_str_radix(size, 16).map_err(|_| Error::from(ErrorKind::InvalidData))?;
        let start = body.len();
        body.resize(start + size, 0);
        reader.read_exact(&mut body[start..]).await?;
        if size == 0 {
            // Trailers, if any, and the empty line after them.
            while read_line(reader)
                .await?
                .is_some_and(|line| !line.is_empty())
            {}
            return Ok(());
        }
        read_line(reader).await?;
    }
}
