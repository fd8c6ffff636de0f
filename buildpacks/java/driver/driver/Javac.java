package rfsn.driver;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Compiles in a process of its own, which has no part in the results: annotation processors are code of packages. */
final class Javac {
    private static final Pattern ERROR = Pattern.compile("(?m)^(\\S.*\\.java):(\\d+): error: (.*)$");
    private static final Pattern OTHER = Pattern.compile("(?m)^(?:error: .*|.*\\.java:\\d+: .*)$");

    private Javac() {}

    /** The command of a JVM for short runs, up to the main class. */
    static List<String> jvm(List<String> options) {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xshare:auto",
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx1g", "-XX:ReservedCodeCacheSize=128m",
                "-XX:CompressedClassSpaceSize=256m", "-XX:-UsePerfData"));
        command.addAll(options);
        return command;
    }

    /** The first error, with its file and line; empty if everything compiles. */
    static String compile(Path work, List<String> options, Collection<String> sources, Path out, List<String> classpath)
            throws IOException, InterruptedException {
        Files.createDirectories(out);
        if (sources.isEmpty()) {
            return "";
        }
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of("-nowarn", "-implicit:none", "-Xmaxerrs", "20", "-d", out.toString(), "-cp",
                String.join(File.pathSeparator, classpath)));
        arguments.addAll(sources);
        Path file = Files.createTempFile(work, "javac", ".txt");
        Files.write(file, arguments.stream().map(Javac::quoted).collect(Collectors.toList()));
        List<String> command = jvm(List.of("-Duser.language=en", "-m", "jdk.compiler/com.sun.tools.javac.Main"));
        command.add("@" + file);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() == 0) {
            return "";
        }
        Matcher error = ERROR.matcher(said);
        if (error.find()) {
            return error.group(1) + ":" + error.group(2) + ": " + error.group(3);
        }
        Matcher other = OTHER.matcher(said);
        return other.find() ? other.group() : said.strip().lines().findFirst().orElse("javac failed");
    }

    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
