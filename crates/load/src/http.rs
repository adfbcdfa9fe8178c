//! HTTP/1.1 on one kept connection: enough of it for the server under test, and nothing that takes time.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// An answer that takes longer is given up.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longer answers are not read.
const LONGEST_BODY: usize = 256 << 20;

/// A request, written out once and sent any number of times.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
}

/// An answer, complete.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A kept connection; opened anew when the server closed it.
#[derive(Debug)]
pub(crate) struct Connection {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Request {
    /// Headers are name and value; `Host` and `Content-Length` come by themselves.
    pub(crate) fn new(method: &str, address: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() || method != "GET" {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        Self { head: head.into_bytes(), body }
    }
}

impl Answer {
    /// The first header of this name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The start of the body, for error messages.
    pub(crate) fn words(&self) -> String {
        String::from_utf8_lossy(self.body.get(..300).unwrap_or(&self.body)).into_owned()
    }
}

impl Connection {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None }
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(&self.address)?,
        };
        let socket = stream.get_mut();
        socket.write_all(&request.head)?;
        socket.write_all(&request.body)?;
        let answer = read(&mut stream)?;
        if answer.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn open(address: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::with_capacity(64 << 10, stream))
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status: u16 = status.ok_or_else(|| broken(&format!("`{first}` is not the start of an answer")))?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken(&format!("`{line}` is not a header")))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = line(stream)?;
            let size = size.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| broken("a chunk has no size"))?;
            take(stream, size, &mut answer.body)?;
            let end = line(stream)?;
            if size == 0 && end.is_empty() {
                break;
            }
        }
    } else if !matches!(status, 204 | 304)
        && let Some(length) = answer.header("content-length")
    {
        let length = length.parse().map_err(|_| broken("the length is no number"))?;
        take(stream, length, &mut answer.body)?;
    }
    Ok(answer)
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.by_ref().take(64 << 10).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn take(stream: &mut BufReader<TcpStream>, size: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let from = into.len();
    if from.saturating_add(size) > LONGEST_BODY {
        return Err(broken("the answer is too long"));
    }
    into.resize(from + size, 0);
    stream.read_exact(into.get_mut(from..).unwrap_or_default())
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// Answers each request on one connection with the next of these.
    fn serve(answers: Vec<&'static str>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let served = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut asked = Vec::new();
            for answer in answers {
                let mut length = 0;
                let first = line(&mut reader).unwrap();
                loop {
                    let header = line(&mut reader).unwrap();
                    if header.is_empty() {
                        break;
                    }
                    length = header.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
                }
                let mut body = Vec::new();
                take(&mut reader, length, &mut body).unwrap();
                asked.push(format!("{first} {}", String::from_utf8(body).unwrap()));
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            asked
        });
        (address, served)
    }

    #[test]
    fn one_connection_carries_answers_of_every_shape() {
        let (address, served) = serve(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n",
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
        ]);
        let mut connection = Connection::new(&address);
        let get = Request::new("GET", &address, "/a", &[("accept", "*/*")], Vec::new());
        let post = Request::new("POST", &address, "/b", &[], b"body".to_vec());
        let mut said = Vec::new();
        for request in [&get, &post, &get, &get] {
            let answer = connection.send(request).unwrap();
            said.push((answer.status, String::from_utf8(answer.body).unwrap()));
        }
        let expected = [(200, "hello"), (200, "abc0123456789abcdef"), (304, ""), (503, "")];
        assert_eq!(said, expected.map(|(status, body)| (status, body.to_owned())));
        let asked = served.join().unwrap();
        assert_eq!(asked, ["GET /a HTTP/1.1 ", "POST /b HTTP/1.1 body", "GET /a HTTP/1.1 ", "GET /a HTTP/1.1 "]);
    }

    #[test]
    fn an_answer_cut_short_is_an_error() {
        let (address, served) = serve(vec!["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello"]);
        let mut connection = Connection::new(&address);
        let get = Request::new("GET", &address, "/", &[], Vec::new());
        assert!(connection.send(&get).is_err());
        served.join().unwrap();
    }
}
