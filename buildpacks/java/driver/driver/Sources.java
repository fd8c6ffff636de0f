package rfsn.driver;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Source files, and the tests that they declare: read where nothing of them can run. */
final class Sources {
    private static final Set<String> TESTS =
            Set.of("Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate", "Theory");
    private static final Pattern TEST_FILE = Pattern.compile(
            "(?:.*/)?(?:[\\w-]*[tT]ests?/.*|(?:Test\\w*|\\w*(?:Test|Tests|TestCase|IT|ITCase))\\.java)");

    private final Map<String, ClassTree> classes = new HashMap<>();
    private final Map<String, List<ClassTree>> top = new HashMap<>();

    private Sources() {}

    /** Whether a path is that of a test, as the patterns of the pack have it. */
    static boolean isTest(String path) {
        return TEST_FILE.matcher(path).matches();
    }

    /** The files beneath a folder with names that match, sorted, by their paths from here. */
    static List<String> beneath(String folder, String glob) throws IOException {
        Path root = Path.of(folder);
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(path -> Files.isRegularFile(path) && matcher.matches(path.getFileName()))
                    .map(path -> path.normalize().toString()).sorted().collect(Collectors.toList());
        }
    }

    /** The tests that files declare, by file, each as `::Class::Nested::name(types)`. */
    static Map<String, List<String>> tests(List<String> files) throws IOException {
        Sources all = new Sources();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager manager = compiler.getStandardFileManager(none -> { }, null, null);
        JavacTask task = (JavacTask) compiler.getTask(null, manager, none -> { }, List.of("-proc:none"), null,
                manager.getJavaFileObjectsFromStrings(files));
        for (CompilationUnitTree unit : task.parse()) {
            String file = Path.of(unit.getSourceFile().toUri()).toString();
            for (Tree declared : unit.getTypeDecls()) {
                if (declared instanceof ClassTree) {
                    all.top.computeIfAbsent(file, none -> new ArrayList<>()).add((ClassTree) declared);
                    all.classes.put(((ClassTree) declared).getSimpleName().toString(), (ClassTree) declared);
                }
            }
        }
        Map<String, List<String>> found = new HashMap<>();
        for (String file : files) {
            List<String> here = found.computeIfAbsent(file, none -> new ArrayList<>());
            String own = Path.of(file).getFileName().toString().replace(".java", "");
            for (ClassTree one : all.top.getOrDefault(Path.of(file).toAbsolutePath().toString(), List.of())) {
                if (one.getSimpleName().contentEquals(own)) {
                    all.collect(one, "", here);
                }
            }
        }
        return found;
    }

    private void collect(ClassTree type, String outer, List<String> found) {
        String scope = outer + "::" + type.getSimpleName();
        if (!type.getModifiers().getFlags().contains(Modifier.ABSTRACT)) {
            members(type, scope, found, 0);
        }
        for (Tree member : type.getMembers()) {
            if (member instanceof ClassTree && annotated(((ClassTree) member).getModifiers().getAnnotations(), Set.of("Nested"))) {
                collect((ClassTree) member, scope, found);
            }
        }
    }

    /** The tests of a class and of those that it extends, as far as they are in these files. */
    private void members(ClassTree type, String scope, List<String> found, int depth) {
        String parent = type.getExtendsClause() == null ? "" : plain(type.getExtendsClause().toString());
        for (Tree member : type.getMembers()) {
            if (member instanceof MethodTree) {
                MethodTree method = (MethodTree) member;
                String name = method.getName().toString();
                boolean old = parent.endsWith("TestCase") && name.startsWith("test") && method.getParameters().isEmpty();
                String id = scope + "::" + name + types(method.getParameters());
                if ((old || annotated(method.getModifiers().getAnnotations(), TESTS)) && !found.contains(id)) {
                    found.add(id);
                }
            }
        }
        if (classes.containsKey(parent) && depth < 10) {
            members(classes.get(parent), scope, found, depth + 1);
        }
    }

    private static boolean annotated(List<? extends AnnotationTree> annotations, Set<String> names) {
        return annotations.stream().anyMatch(one -> names.contains(plain(one.getAnnotationType().toString())));
    }

    private static String types(List<? extends VariableTree> parameters) {
        return parameters.isEmpty() ? "" : parameters.stream().map(one -> plain(one.getType().toString()))
                .collect(Collectors.joining(", ", "(", ")"));
    }

    /** A type without its package and its parameters. */
    private static String plain(String type) {
        String raw = type.replaceAll("<.*>", "").replace("...", "[]").replaceAll("@\\w+ ", "");
        return raw.substring(raw.lastIndexOf('.') + 1);
    }
}
