//! Short answers in one piece: the HTTP library gives head and body apart, and the operating system takes one piece sooner than a list
//! of two.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that are sooner joined than listed. It is also the most that a connection keeps for it.
const SHORT: usize = 4 * 1024;

/// A connection that writes what is short as one piece.
pub(crate) struct Joined<I> {
    io: I,
    piece: Vec<u8>,
}

impl<I> Joined<I> {
    pub(crate) fn new(io: I) -> Self {
        Self { io, piece: Vec::new() }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Joined<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { io, piece } = self.get_mut();
        let io = Pin::new(io);
        if let [only] = pieces {
            return io.poll_write(cx, only);
        }
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        if bytes > SHORT {
            return io.poll_write_vectored(cx, pieces);
        }
        piece.clear();
        piece.reserve_exact(bytes);
        pieces.iter().for_each(|more| piece.extend_from_slice(more));
        io.poll_write(cx, piece)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Joined<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    /// Takes at most so many bytes at once, and keeps each piece that it was given apart.
    struct Peer {
        most: usize,
        taken: Vec<Vec<u8>>,
    }

    impl AsyncWrite for Peer {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.most);
            self.taken.push(bytes[..taken].to_vec());
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.taken.extend(pieces.iter().map(|piece| piece.to_vec()));
            Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn write(most: usize, pieces: &[&[u8]]) -> (usize, Vec<Vec<u8>>) {
        let mut joined = Joined::new(Peer { most, taken: Vec::new() });
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let written = joined.write_vectored(&slices).await.unwrap();
        (written, joined.io.taken)
    }

    #[tokio::test]
    async fn what_is_short_is_one_piece_and_what_is_long_is_not_copied() {
        assert_eq!(write(99, &[b"head", b"body"]).await, (8, vec![b"headbody".to_vec()]));
        assert_eq!(write(99, &[b"alone"]).await, (5, vec![b"alone".to_vec()]));
        let long = vec![b'x'; SHORT];
        let (written, pieces) = write(99, &[b"head", &long]).await;
        assert_eq!((written, pieces.len()), (SHORT + 4, 2));
        let (written, pieces) = write(usize::MAX, &[b"head", &long[4..]]).await;
        assert_eq!((written, pieces.len()), (SHORT, 1));
    }

    #[tokio::test]
    async fn what_is_taken_of_a_piece_is_told() {
        assert_eq!(write(6, &[b"head", b"body"]).await, (6, vec![b"headbo".to_vec()]));
    }

    #[tokio::test]
    async fn nothing_is_left_of_what_was_written_before() {
        let mut joined = Joined::new(Peer { most: 99, taken: Vec::new() });
        for word in ["one", "two"] {
            let written = joined.write_vectored(&[IoSlice::new(word.as_bytes()), IoSlice::new(b"!")]).await;
            assert_eq!(written.unwrap(), 4);
        }
        assert_eq!(joined.io.taken, [b"one!", b"two!"]);
    }
}
