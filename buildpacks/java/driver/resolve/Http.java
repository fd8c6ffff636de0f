package rfsn.resolve;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.List;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.spi.connector.transport.AbstractTransporter;
import org.eclipse.aether.spi.connector.transport.GetTask;
import org.eclipse.aether.spi.connector.transport.PeekTask;
import org.eclipse.aether.spi.connector.transport.PutTask;
import org.eclipse.aether.spi.connector.transport.Transporter;
import org.eclipse.aether.spi.connector.transport.TransporterFactory;

/** Downloads by the standard library, through the proxy that the environment names. */
public final class Http implements TransporterFactory {
    @Override
    public Transporter newInstance(RepositorySystemSession session, RemoteRepository repository) {
        return new Download(URI.create(repository.getUrl().replaceFirst("/*$", "/")));
    }

    @Override
    public float getPriority() {
        return 1;
    }
}

final class Download extends AbstractTransporter {
    private static final int TRIES = 3;
    private static final int TIMEOUT_MS = 60_000;
    private final URI base;

    Download(URI base) {
        this.base = base;
    }

    @Override
    public int classify(Throwable error) {
        return error instanceof FileNotFoundException ? ERROR_NOT_FOUND : ERROR_OTHER;
    }

    @Override
    protected void implPeek(PeekTask task) throws IOException {
        opened(task.getLocation()).close();
    }

    @Override
    protected void implGet(GetTask task) throws Exception {
        for (int tried = 1;; tried++) {
            try (InputStream in = opened(task.getLocation())) {
                utilGet(task, in, true, -1, false);
                return;
            } catch (FileNotFoundException error) {
                throw error;
            } catch (IOException error) {
                if (tried == TRIES) {
                    throw error;
                }
            }
        }
    }

    @Override
    protected void implPut(PutTask task) throws IOException {
        throw new IOException("nothing is uploaded");
    }

    @Override
    protected void implClose() {
        // each connection is closed by whoever reads it
    }

    private InputStream opened(URI location) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) base.resolve(location).toURL().openConnection(proxy());
        connection.setConnectTimeout(TIMEOUT_MS);
        connection.setReadTimeout(TIMEOUT_MS);
        connection.setRequestProperty("User-Agent", "rfsn");
        return connection.getInputStream();
    }

    private static Proxy proxy() {
        for (String name : List.of("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")) {
            String value = System.getenv(name);
            if (value != null && !value.isBlank()) {
                URI address = URI.create(value.contains("://") ? value : "http://" + value);
                return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(address.getHost(), address.getPort()));
            }
        }
        return Proxy.NO_PROXY;
    }
}
