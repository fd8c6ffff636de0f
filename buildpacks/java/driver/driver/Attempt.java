package rfsn.driver;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One process of tests: what it reports, and how it ended. Its reports are lines on its standard output that begin with
 * a random word that it reads from standard input; whatever else is there was printed.
 */
final class Attempt {
    static final String OVER_LIMIT = "rfsn: over the limit";
    private static final double WALL_FACTOR = 5;
    private static final double IDLE = 0.05;
    private static final int MAX_PRINTED = 1 << 16;
    private static final Pattern FRAME = Pattern.compile("\\s*at (?:[\\w.$]+/+)*([\\w.$]+)\\.[\\w$<>]+\\((\\w+\\.java):(\\d+)\\)");

    /** A report: its kind and its fields. */
    record Report(String kind, List<String> fields) {}

    final List<Report> reports = new ArrayList<>();
    String over = "";
    int code;
    private final String word = nonce();
    private final StringBuilder printed = new StringBuilder();
    private final StringBuilder complaints = new StringBuilder();
    private String running = "";
    private int turns;

    static String nonce() {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** Runs a command to its end; `limit` is the CPU time for the test with the given key, or for none. */
    static Attempt run(List<String> command, Path folder, List<String> asked, ToDoubleFunction<String> limit)
            throws IOException, InterruptedException {
        Attempt ran = new Attempt();
        String mark = "RFSN_PROCESS=" + nonce();
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("RFSN_PROCESS", mark.substring(mark.indexOf('=') + 1));
        Process process = builder.start();
        Thread output = reading(() -> ran.read(process.getInputStream()));
        Thread errors = reading(() -> keep(process.getErrorStream(), ran.complaints));
        try (BufferedWriter to = new BufferedWriter(
                new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8))) {
            to.write(ran.word + "\n");
            for (String line : asked) {
                to.write(URLEncoder.encode(line, StandardCharsets.UTF_8) + "\n");
            }
        } catch (IOException error) {
            ran.complaints.append(error); // it has ended already
        }
        ran.watch(process, limit);
        ran.code = process.waitFor();
        Usage.sweep(mark);
        output.join(TimeUnit.SECONDS.toMillis(10));
        errors.join(TimeUnit.SECONDS.toMillis(10));
        return ran;
    }

    private interface Reading {
        void run() throws IOException;
    }

    private static Thread reading(Reading reading) {
        Thread thread = new Thread(() -> {
            try {
                reading.run();
            } catch (IOException error) {
                return; // the process has ended
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void read(InputStream from) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            int start = line.indexOf(word + "\t"); // what was printed before it may have no end of its line
            if (start < 0) {
                keep(line, printed);
            } else {
                report(line.substring(start + word.length() + 1).split("\t", -1));
            }
        }
    }

    private static void keep(InputStream from, StringBuilder to) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            keep(line, to);
        }
    }

    private static synchronized void keep(String line, StringBuilder to) {
        to.append(line).append('\n');
        if (to.length() > 2 * MAX_PRINTED) {
            to.delete(MAX_PRINTED / 2, to.length() - MAX_PRINTED);
        }
    }

    private synchronized void report(String[] parts) {
        List<String> fields = new ArrayList<>();
        for (int place = 1; place < parts.length; place++) {
            fields.add(URLDecoder.decode(parts[place], StandardCharsets.UTF_8));
        }
        reports.add(new Report(parts[0], fields));
        turns++;
        if (parts[0].equals("started")) {
            running = fields.get(0);
        } else if (parts[0].equals("finished")) {
            running = "";
        }
    }

    private synchronized Object[] state() {
        return new Object[] {turns, running};
    }

    /** Whether it reported something of this kind. */
    boolean said(String kind) {
        return reports.stream().anyMatch(report -> report.kind.equals(kind));
    }

    private void watch(Process process, ToDoubleFunction<String> limit) throws InterruptedException {
        int turn = -1;
        double before = 0;
        long since = 0;
        while (!process.waitFor(10, TimeUnit.MILLISECONDS)) {
            double used = Usage.seconds(process.pid());
            Object[] state = state();
            if ((int) state[0] != turn) {
                turn = (int) state[0];
                before = used;
                since = System.nanoTime();
            }
            double most = limit.applyAsDouble((String) state[1]);
            double waited = (System.nanoTime() - since) / 1e9;
            double patience = Math.max(1, WALL_FACTOR * most);
            if (used - before > most || waited > patience) {
                boolean idle = used - before < IDLE * most;
                over = OVER_LIMIT + " of " + (idle ? number(patience) + " s of waiting" : number(most) + " s");
                stop(process);
                return;
            }
        }
    }

    private void stop(Process process) throws InterruptedException {
        try {
            // The JVM then writes to its standard output where each thread is.
            new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid())).start().waitFor();
            Thread.sleep(300);
        } catch (IOException error) {
            over += "";
        }
        process.destroyForcibly();
        process.waitFor();
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : String.format(Locale.ROOT, "%s", value);
    }

    /** Where the main thread was when the process was stopped: the first place that is in one of these files. */
    String stuck(Places places) {
        String all = printed.toString();
        int from = all.indexOf("\n\"main\"");
        if (from < 0) {
            return "";
        }
        int end = all.indexOf("\n\n", from);
        String place = places.first(all.substring(from, end < 0 ? all.length() : end));
        return place.isEmpty() ? "" : " in " + place;
    }

    /** The end of what the process complained about. */
    String complaint() {
        String said = complaints.toString().strip();
        return said.length() > 1000 ? said.substring(said.length() - 1000) : said;
    }

    /** Finds the places of a stack trace in files of the tree. */
    interface Places {
        String at(String type, String file);

        default String first(String trace) {
            String test = "";
            for (Matcher match = FRAME.matcher(trace); match.find();) {
                String path = at(match.group(1), match.group(2));
                if (!path.isEmpty() && !Sources.isTest(path)) {
                    return path + ":" + match.group(3);
                }
                test = test.isEmpty() && !path.isEmpty() ? path + ":" + match.group(3) : test;
            }
            return test;
        }
    }
}
