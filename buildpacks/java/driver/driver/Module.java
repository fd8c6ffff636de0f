package rfsn.driver;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A module of a build: its sources, what they see, and what became of them. */
final class Module {
    private static final String USUAL = "**/Test*.java,**/*Test.java,**/*Tests.java,**/*TestCase.java";
    private static final Pattern DECLARES = Pattern.compile("@\\w*Test|@TestFactory|@RunWith|@Theory|extends\\s");
    private static final int OLDEST = 8;
    private static final Map<String, String> GLOBS =
            Map.of("**/", "(?:.*/)?", "**", ".*", "*", "[^/]*", "?", "[^/]");
    private static final Pattern FLAG =
            Pattern.compile("-(?:D[\\w.]+=[^$@]*|D[\\w.]+|Xss\\w+|ea|da|-add-(?:opens|exports|modules)=[^$@]+|-enable-preview)");

    final String folder;
    final Map<String, String> classes = new LinkedHashMap<>();
    String broken = "";
    private final Map<String, Object> layout;
    private final Properties facts = new Properties();
    private final Path main;
    private final Path test;
    private final List<Module> uses = new ArrayList<>();
    private final List<Module> usesTests = new ArrayList<>();

    Module(Map<String, Object> layout, List<Module> before, Path work) throws IOException {
        this.layout = layout;
        folder = (String) layout.get("folder");
        int number = ((Double) layout.get("number")).intValue();
        Path packages = Path.of("/env/packages", number + ".properties");
        if (Files.exists(packages)) {
            try (Reader in = Files.newBufferedReader(packages, StandardCharsets.ISO_8859_1)) {
                facts.load(in);
            }
        }
        Job.map(layout.get("facts")).forEach((name, value) -> facts.setProperty(name, (String) value));
        main = work.resolve(number + "/main");
        test = work.resolve(number + "/test");
        ((List<?>) layout.get("uses")).forEach(one -> uses.add(before.get(((Double) one).intValue())));
        ((List<?>) layout.get("usesTests")).forEach(one -> usesTests.add(before.get(((Double) one).intValue())));
    }

    String fact(String name) {
        return facts.getProperty(name, "");
    }

    private List<String> sources(String kind) throws IOException {
        List<String> found = new ArrayList<>();
        for (String place : Job.strings(layout.get(kind))) {
            String excludes = fact(kind.equals("main") ? "compiler.excludes" : "compiler.testExcludes");
            Sources.beneath(place, "*.java").stream()
                    .filter(file -> !matches(Path.of(place).relativize(Path.of(file)).toString(), excludes))
                    .forEach(found::add);
        }
        // Without a module path its declarations mean nothing: everything is compiled and run on the class path.
        found.removeIf(path -> path.endsWith("module-info.java"));
        return found;
    }

    List<String> testSources() throws IOException {
        return sources("test");
    }

    /** The path of a source file of a class, if it is one of this module. */
    String place(String type, String file) {
        int dot = type.lastIndexOf('.');
        String inside = dot < 0 ? file : type.substring(0, dot).replace('.', '/') + "/" + file;
        for (String kind : List.of("main", "test")) {
            for (String place : Job.strings(layout.get(kind))) {
                if (Files.isRegularFile(Path.of(place, inside))) {
                    return Path.of(place, inside).toString();
                }
            }
        }
        return "";
    }

    /** Finds the classes of tests by the names of their files, as surefire does. */
    void select(List<String> chosen) throws IOException {
        String includes = fact("includes").isEmpty() ? USUAL : fact("includes");
        for (String place : Job.strings(layout.get("test"))) {
            for (String file : Sources.beneath(place, "*.java")) {
                String inside = Path.of(place).relativize(Path.of(file)).toString();
                String type = inside.replace(".java", "").replace('/', '.');
                boolean named = chosen.isEmpty() ? matches(inside, includes) && !matches(inside, fact("excludes"))
                        : chosen.stream().anyMatch(one -> names(one, type));
                if (named && DECLARES.matcher(Files.readString(Path.of(file), StandardCharsets.ISO_8859_1)).find()) {
                    classes.put(type, file);
                }
            }
        }
    }

    private static boolean names(String chosen, String type) {
        String pattern = chosen.replace("**/", "").replace(".java", "").replace('/', '.');
        Pattern glob = Pattern.compile(Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote)
                .collect(Collectors.joining(".*")));
        return glob.matcher(type).matches() || glob.matcher(type.substring(type.lastIndexOf('.') + 1)).matches();
    }

    private static boolean matches(String path, String patterns) {
        for (String pattern : patterns.split(",")) {
            String glob = pattern.strip().replaceFirst("\\.class$", ".java");
            String regex = Pattern.compile("\\*\\*/|\\*\\*|\\*|\\?|[^*?]+").matcher(glob).replaceAll(part -> Matcher
                    .quoteReplacement(GLOBS.getOrDefault(part.group(), Pattern.quote(part.group()))));
            if (!glob.isEmpty() && path.matches(regex)) {
                return true;
            }
        }
        return false;
    }

    /** Compiles main sources and tests; `more` are sources of tests that are not in the tree. */
    void compile(Path work, List<String> more) throws IOException, InterruptedException {
        for (Module other : uses) {
            broken = broken.isEmpty() ? other.broken : broken;
        }
        List<String> seen = new ArrayList<>(split(fact("compile")));
        uses.forEach(other -> seen.add(other.main.toString()));
        List<String> tested = new ArrayList<>(testSources());
        if (!tested.isEmpty()) {
            tested.addAll(more);
        }
        if (broken.isEmpty()) {
            broken = Javac.compile(work, new Javac.Unit(options(seen), sources("main"), main, seen),
                    new Javac.Unit(options(split(fact("first"), fact("last"))), tested, test, classpath()));
        }
        copy("resources", main);
        copy("testResources", test);
    }

    private List<String> options(List<String> packages) throws IOException {
        List<String> options = new ArrayList<>(List.of("-g", "-parameters"));
        String encoding = fact("project.build.sourceEncoding");
        options.addAll(List.of("-encoding", encoding.isEmpty() ? "UTF-8" : encoding));
        if (!fact("maven.compiler.release").isEmpty()) {
            options.addAll(List.of("--release", release(fact("maven.compiler.release"))));
        } else if (!fact("maven.compiler.source").isEmpty()) {
            String release = release(fact("maven.compiler.source"));
            options.addAll(List.of("-source", release, "-target", release));
        }
        List<String> processing = new ArrayList<>();
        for (String jar : packages) {
            if (jar.endsWith(".jar") && processes(jar)) {
                processing.add(jar);
            }
        }
        // Only packages process annotations, never what the tree itself declares as a service.
        options.addAll(processing.isEmpty() ? List.of("-proc:none")
                : List.of("-processorpath", String.join(File.pathSeparator, packages)));
        return options;
    }

    private static boolean processes(String jar) throws IOException {
        try (JarFile file = new JarFile(jar)) {
            return file.getEntry("META-INF/services/javax.annotation.processing.Processor") != null;
        }
    }

    private static String release(String text) {
        String plain = text.replaceFirst("^1\\.", "").replaceFirst("\\..*", "");
        return plain.matches("[1-7]") ? Integer.toString(OLDEST) : plain;
    }

    private void copy(String kind, Path to) throws IOException {
        for (String place : Job.strings(layout.get(kind))) {
            for (String file : Sources.beneath(place, "*")) {
                Path target = to.resolve(Path.of(place).relativize(Path.of(file)).toString());
                Files.createDirectories(target.getParent());
                Files.copy(Path.of(file), target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static List<String> split(String... paths) {
        return Arrays.stream(paths).flatMap(path -> Arrays.stream(path.split(File.pathSeparator)))
                .filter(path -> !path.isEmpty()).collect(Collectors.toList());
    }

    /** The packages of test frameworks come first: no class of the tree is found in their place. */
    private List<String> classpath() {
        List<String> found = new ArrayList<>(split(fact("first")));
        found.add(test.toString());
        found.add(main.toString());
        uses.forEach(other -> found.add(other.main.toString()));
        usesTests.forEach(other -> found.add(other.test.toString()));
        found.addAll(split(fact("last")));
        return found;
    }

    /** The command of a process of its tests. */
    List<String> command() {
        List<String> options = new ArrayList<>(List.of("-ea", "-Dbasedir=" + Path.of(folder).toAbsolutePath().normalize()));
        for (String flag : fact("argLine").split("\\s+")) {
            if (FLAG.matcher(flag).matches()) {
                options.add(flag);
            }
        }
        for (String name : facts.stringPropertyNames()) {
            if (name.startsWith("system.") && !fact(name).contains("${")) {
                options.add("-D" + name.substring(7) + "=" + fact(name));
            }
        }
        List<String> classpath = new ArrayList<>(List.of(Driver.CHILD));
        classpath.addAll(classpath());
        List<String> command = Javac.jvm(options);
        command.addAll(List.of("-cp", String.join(File.pathSeparator, classpath), "rfsn.child.Child"));
        return command;
    }
}
