package rfsn.child;

import java.io.PrintStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** The way to the driver: lines that begin with the word that it gave. */
final class Reports {
    private final PrintStream out;
    private final String word;

    Reports(PrintStream out, String word) {
        this.out = out;
        this.word = word;
    }

    synchronized void send(String kind, String... fields) {
        StringBuilder line = new StringBuilder(word).append('\t').append(kind);
        for (String field : fields) {
            line.append('\t').append(URLEncoder.encode(field, StandardCharsets.UTF_8));
        }
        out.println(line);
        out.flush();
    }
}
