package rfsn.driver;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tests that are main programs: commands of javac and java, as a script or a command line has them. */
final class Plain {
    private static final String EXIT = "rfsn/child/MainTests";
    private final Job job;
    private final Results results;
    private final Path work;
    private final String nonce = Attempt.nonce();
    private final Map<String, Path> outs = new LinkedHashMap<>();
    private final Set<String> sources = new LinkedHashSet<>();
    private boolean plainCanary = true;

    Plain(Job job, Results results, Path work) {
        this.job = job;
        this.results = results;
        this.work = work;
    }

    void run(Map<String, Object> project) throws IOException, InterruptedException {
        List<Map<String, Object>> compiles = Job.maps(project.get("compile"));
        List<Map<String, Object>> runs = Job.maps(project.get("run"));
        String broken = "";
        for (Map<String, Object> one : compiles) {
            outs.computeIfAbsent((String) one.get("out"), none -> work.resolve("out" + outs.size()));
            sources.addAll(expanded(one));
        }
        for (int place = 0; place < compiles.size() && broken.isEmpty(); place++) {
            broken = compile(compiles.get(place), runs, place == compiles.size() - 1);
        }
        Set<String> programs = redirected();
        for (Map<String, Object> one : runs) {
            String id = id(one);
            if (!broken.isEmpty()) {
                results.add(id, "error", 0, Driver.UNBUILT + broken);
            } else if (job.wants(id)) {
                test(id, one, programs);
            }
        }
        if (job.canaries && !broken.isEmpty()) {
            results.canary("rfsn" + nonce, true); // it fails with all that does not compile
        }
    }

    private List<String> expanded(Map<String, Object> compile) throws IOException {
        List<String> found = new ArrayList<>();
        for (String pattern : Job.strings(compile.get("sources"))) {
            int slash = pattern.lastIndexOf('/');
            String name = pattern.substring(slash + 1);
            String folder = slash < 0 ? "." : pattern.substring(0, slash);
            if (folder.endsWith("/**") || folder.equals("**")) {
                found.addAll(Sources.beneath(folder.equals("**") ? "." : folder.substring(0, folder.length() - 3), name));
            } else if (name.contains("*")) {
                Path parent = Path.of(folder).normalize();
                Sources.beneath(folder, name).stream()
                        .filter(path -> parent.equals(Path.of("./" + path).normalize().getParent()) || folder.equals(".")
                                && !path.contains("/")).forEach(found::add);
            } else {
                found.add(Path.of(pattern).normalize().toString());
            }
        }
        return found;
    }

    private String compile(Map<String, Object> one, List<Map<String, Object>> runs, boolean last)
            throws IOException, InterruptedException {
        List<String> options = Job.strings(one.get("options"));
        List<String> classpath = classpath((String) one.get("classpath"));
        Path out = outs.get(one.get("out"));
        List<String> own = expanded(one);
        if (!job.canaries || !last) {
            return Javac.compile(work, new Javac.Unit(options, own, out, classpath));
        }
        List<String> more = canaries(runs);
        own.addAll(more);
        String broken = Javac.compile(work, new Javac.Unit(options, own, out, classpath));
        if (more.stream().anyMatch(broken::startsWith)) {
            // Classes of the tree hide those of the language from the tests.
            plainCanary = false;
            own.removeAll(more.subList(1, more.size()));
            broken = Javac.compile(work, new Javac.Unit(options, own, out, classpath));
        }
        return broken;
    }

    /** Programs that must fail: one by itself, and one beside each program of tests that sees the names it sees. */
    private List<String> canaries(List<Map<String, Object>> runs) throws IOException {
        List<String> files = new ArrayList<>();
        files.add(written("rfsn" + nonce, "throw new java.lang.AssertionError(\"a canary\");", ""));
        Set<String> packages = new LinkedHashSet<>();
        runs.forEach(run -> packages.add(packageOf((String) run.get("main"))));
        for (String name : packages) {
            String test = "List<Boolean> all = new ArrayList<>(Arrays.asList(true, false)); "
                    + "if (all.contains(false) && !Objects.equals(1, 2) && Integer.valueOf(1) != 2) "
                    + "throw new AssertionError(\"a canary\");";
            files.add(written(name.isEmpty() ? "" : name, test, "Beside"));
        }
        return files;
    }

    private String written(String place, String body, String suffix) throws IOException {
        String type = "Rfsn" + suffix + nonce;
        Path folder = Files.createDirectories(work.resolve("canaries").resolve(place.replace('.', '/')));
        String header = place.isEmpty() ? "" : "package " + place + ";\n";
        Path file = folder.resolve(type + ".java");
        Files.writeString(file, header + "import java.util.*;\npublic class " + type
                + " {\n    public static void main(String[] none) {\n        " + body + "\n    }\n}\n");
        return file.toString();
    }

    private static String packageOf(String type) {
        return type.contains(".") ? type.substring(0, type.lastIndexOf('.')) : "";
    }

    private List<String> classpath(String given) {
        List<String> found = new ArrayList<>();
        for (String part : given.split(File.pathSeparator)) {
            if (!part.isEmpty()) {
                String known = Path.of(part).normalize().toString();
                found.add(outs.containsKey(known) ? outs.get(known).toString() : part);
            }
        }
        return found;
    }

    /** Has the classes of tests call our method instead of System.exit, and returns their names. */
    private Set<String> redirected() throws IOException {
        Set<String> tests = new LinkedHashSet<>();
        for (Path out : outs.values()) {
            if (!Files.isDirectory(out)) {
                continue;
            }
            try (Stream<Path> all = Files.walk(out)) {
                for (Path file : all.filter(path -> path.toString().endsWith(".class")).collect(Collectors.toList())) {
                    String name = out.relativize(file).toString().replace(".class", "");
                    String source = source(name.replaceFirst("\\$.*", ""));
                    if (!source.isEmpty() && Sources.isTest(source)) {
                        ExitCalls.redirect(file, EXIT);
                        tests.add(name.replace('/', '.'));
                    }
                }
            }
        }
        return tests;
    }

    private String source(String type) {
        String file = type.replace('.', '/') + ".java";
        return sources.stream().filter(path -> path.equals(file) || path.endsWith("/" + file)).findFirst().orElse("");
    }

    private String id(Map<String, Object> run) {
        String type = (String) run.get("main");
        List<String> arguments = Job.strings(run.get("arguments"));
        String given = arguments.isEmpty() ? "" : "(" + String.join(" ", arguments) + ")";
        return source(type) + "::" + type.substring(type.lastIndexOf('.') + 1) + "::main" + given;
    }

    private void test(String id, Map<String, Object> one, Set<String> programs) throws IOException, InterruptedException {
        List<String> classpath = new ArrayList<>(List.of(Driver.CHILD));
        classpath.addAll(classpath((String) one.get("classpath")));
        List<String> command = Javac.jvm(Job.strings(one.get("jvm")));
        command.addAll(List.of("-cp", String.join(File.pathSeparator, classpath), "rfsn.child.Child"));
        String type = (String) one.get("main");
        List<String> asked = new ArrayList<>(List.of("main", type));
        Job.strings(one.get("arguments")).forEach(word -> asked.add("argument\t" + word));
        programs.forEach(program -> asked.add("program\t" + program));
        if (job.canaries) {
            asked.add("canary\trfsn" + nonce + ".Rfsn" + nonce);
            if (plainCanary) {
                String place = packageOf(type);
                asked.add("canary\t" + (place.isEmpty() ? "" : place + ".") + "RfsnBeside" + nonce);
            }
        }
        Attempt ran = Attempt.run(command, Path.of("").toAbsolutePath(), asked, running -> job.limit(id));
        told(id, ran);
    }

    private void told(String id, Attempt ran) {
        Attempt.Places places = (type, file) -> source(type.replaceFirst("\\$.*", ""));
        int seen = 0;
        for (Attempt.Report report : ran.reports) {
            if (report.kind().equals("canary")) {
                String name = report.fields().get(0).startsWith("rfsn") ? "rfsn" + nonce : "rfsn-beside-" + nonce;
                results.canary(name, report.fields().get(1).equals("threw"));
                seen++;
            }
        }
        if (job.canaries && !plainCanary) {
            results.canary("rfsn-beside-" + nonce, false);
        }
        Attempt.Report end = ran.reports.stream().filter(report -> report.kind().equals("ended")).findFirst().orElse(null);
        if (!ran.over.isEmpty()) {
            double limit = job.limit(id);
            job.hung(limit);
            results.add(id, "timeout", limit, ran.over + ran.stuck(places));
        } else if (end == null || !ran.said("end") || ran.code != 0) {
            results.add(id, "error", 0, Driver.left(ran, places));
        } else if (job.canaries && seen < (plainCanary ? 2 : 1)) {
            results.add(id, "error", 0, "its process ended before the canaries failed");
        } else if (end.fields().get(0).equals("threw")) {
            String place = places.first(end.fields().get(2));
            results.add(id, "failed", 0, end.fields().get(1) + (place.isEmpty() ? "" : " (" + place + ")"));
        } else if (!end.fields().get(1).equals("0")) {
            results.add(id, "failed", 0, "exit code " + end.fields().get(1) + "\n" + ran.complaint());
        } else {
            results.add(id, "passed", 0, "");
        }
        if (job.canaries && seen == 0) {
            results.canary("rfsn" + nonce, true); // the test itself counts as an error
        }
    }
}
