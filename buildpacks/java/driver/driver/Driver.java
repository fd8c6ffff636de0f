package rfsn.driver;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * The driver of the Java buildpack, on the standard library alone: it compiles the tree and its tests, runs them in
 * processes of their own, and writes signed results. The job is on standard input.
 */
public final class Driver {
    static final String HOME = "/env/rfsn";
    static final String CHILD = HOME + "/child";
    /** What the pack knows such messages by. */
    static final String UNBUILT = "does not compile: ";

    private Driver() {}

    public static void main(String[] none) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err);
        Job job = new Job(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        System.in.close();
        Results results = new Results(job, out);
        Path work = Files.createTempDirectory("rfsn-java-");
        int code;
        try {
            var project = Job.map(Json.read(job.project));
            if (project.containsKey("run")) {
                new Plain(job, results, work).run(project);
            } else {
                new Suite(job, results, work).run(project);
            }
            code = results.write();
        } catch (IOException error) {
            System.err.println("error: " + error.getMessage());
            code = Results.BROKEN;
        } finally {
            remove(work.toFile());
        }
        System.exit(code);
    }

    /** What is said of a test whose process ended before it. */
    static String left(Attempt ran, Attempt.Places places) {
        String said = ran.complaint();
        String place = places.first(said);
        return "the process ended with exit code " + ran.code + " before the test did"
                + (place.isEmpty() ? "" : " (" + place + ")") + (said.isEmpty() ? "" : "\n" + said);
    }

    private static void remove(File folder) {
        try (Stream<Path> all = Files.walk(folder.toPath())) {
            all.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException error) {
            return; // the sandbox is discarded anyway
        }
    }
}
