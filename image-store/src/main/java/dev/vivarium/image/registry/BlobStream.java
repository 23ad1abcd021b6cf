package dev.vivarium.image.registry;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.oci.Descriptor;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A blob as it comes. When the connection breaks before the blob's length is reached, the rest is
 * asked for by range; a few breaks without progress end the attempt.
 */
final class BlobStream extends InputStream {
  private static final int MAX_FAILURES = 5;
  private static final long FIRST_PAUSE_MILLIS = 200;

  private final RegistryHttp http;
  private final Descriptor blob;
  private final byte[] one = new byte[1];
  private @Nullable Answer answer;
  private long position;
  private int failures;

  BlobStream(RegistryHttp http, Descriptor blob) throws IOException, ImageException {
    this.http = http;
    this.blob = blob;
    connect();
  }

  @Override
  public int read() throws IOException {
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (true) {
      try {
        Answer current = answer;
        if (current == null) {
          connect();
          continue;
        }
        int n = current.body().read(buffer, offset, length);
        if (n > 0) {
          position += n;
          failures = 0;
          return n;
        }
        if (n < 0 && position >= blob.size()) {
          return -1;
        }
        throw new EOFException(
            "the registry closed the connection after "
                + position
                + " of "
                + blob.size()
                + " bytes");
      } catch (ImageException e) {
        throw new IOException(e.getMessage(), e);
      } catch (IOException e) {
        disconnect();
        if (Thread.currentThread().isInterrupted() || ++failures > MAX_FAILURES) {
          throw e;
        }
        pause();
      }
    }
  }

  @Override
  public void close() throws IOException {
    disconnect();
  }

  private void connect() throws IOException, ImageException {
    Map<String, String> headers =
        position == 0 ? Map.of() : Map.of("Range", "bytes=" + position + "-");
    Answer next = http.get("blobs/" + blob.digest(), headers);
    if (next.status() == 200 && position > 0) {
      // The registry knows no ranges: go over what is here already.
      try {
        next.body().skipNBytes(position);
      } catch (IOException e) {
        next.close();
        throw e;
      }
    } else if (next.status() != 200 && next.status() != 206) {
      try (next) {
        throw http.failure(next, "the blob " + blob.digest());
      }
    } else if (next.status() == 206 && position == 0) {
      next.close();
      throw new IOException("the registry sent a part where the whole was asked for");
    }
    answer = next;
  }

  private void disconnect() {
    Answer current = answer;
    answer = null;
    if (current != null) {
      try {
        current.close();
      } catch (IOException e) {
        // it is given up anyway
      }
    }
  }

  private void pause() throws IOException {
    try {
      Thread.sleep(FIRST_PAUSE_MILLIS << (failures - 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException("interrupted");
    }
  }
}
