//! What a server says.

use std::io::{self, BufRead};

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Reads one, as far as its length or the end of the connection.
    pub(crate) fn read(from: &mut impl BufRead, is_head: bool) -> io::Result<Self> {
        let (status, headers) = Self::read_head(from)?;
        let mut answer = Self { status, headers, body: String::new() };
        if is_head {
            return Ok(answer);
        }
        match answer.header("content-length") {
            Some(length) => {
                let mut body = vec![0; length.parse().map_err(io::Error::other)?];
                from.read_exact(&mut body)?;
                answer.body = String::from_utf8(body).map_err(io::Error::other)?;
            }
            None => drop(from.read_to_string(&mut answer.body)?),
        }
        Ok(answer)
    }

    fn read_head(from: &mut impl BufRead) -> io::Result<(u16, Vec<(String, String)>)> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => return Ok((status, headers)),
            }
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All but the time of day.
    pub(crate) fn lasting_headers(&self) -> Vec<&(String, String)> {
        self.headers.iter().filter(|(name, _)| name != "date").collect()
    }
}
