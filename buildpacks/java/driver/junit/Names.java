package rfsn.child;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.launcher.TestIdentifier;

/** The parts of an id: the class, those within it, the method with its types, and the number of an invocation. */
final class Names {
    String type = "";
    String method = "";
    String invocation = "";
    private final List<String> scope = new ArrayList<>();
    private String file;

    private Names() {}

    /** The names of a test or of what contains tests; null of an engine. */
    static Names of(TestIdentifier one, Map<String, String> files) {
        Names found = new Names();
        for (UniqueId.Segment segment : UniqueId.parse(one.getUniqueId()).getSegments()) {
            found.add(segment.getType(), segment.getValue());
        }
        if (found.type.isEmpty()) {
            return null;
        }
        found.file = files.getOrDefault(found.type, found.type);
        return found;
    }

    private void add(String kind, String value) {
        switch (kind) {
            case "engine":
            case "suite":
                break;
            case "class":
            case "runner":
            case "class-template":
                List<String> parts = new ArrayList<>(List.of(value.substring(value.lastIndexOf('.') + 1).split("\\$")));
                type = value.replaceFirst("\\$.*", "");
                scope.addAll(parts);
                break;
            case "nested-class":
            case "nested-class-template":
                scope.add(value);
                break;
            case "test":
                vintage(value);
                break;
            case "method":
            case "test-template":
            case "test-factory":
                int open = value.indexOf('(');
                method = value.substring(0, open) + types(value.substring(open + 1, value.lastIndexOf(')')));
                break;
            case "class-template-invocation":
                scope.set(scope.size() - 1, scope.get(scope.size() - 1) + number(value));
                break;
            default:
                if (kind.startsWith("dynamic-") || kind.endsWith("-invocation")) {
                    invocation += number(value);
                } else {
                    method = method.isEmpty() ? plain(value) : method + "." + plain(value);
                }
        }
    }

    /** A test of JUnit 4 is `name(class)`, and what groups tests is a class or the number of a set of parameters. */
    private void vintage(String value) {
        int open = value.lastIndexOf('(');
        if (open > 0 && value.endsWith(")")) {
            String name = plain(value.substring(0, open));
            int bracket = name.indexOf('[');
            method = bracket < 0 ? name : name.substring(0, bracket);
            invocation = bracket < 0 ? "" : number(name.substring(bracket + 1).replaceFirst("\\]$", ""));
        } else if (!value.startsWith("[")) {
            scope.add(plain(value.substring(Math.max(value.lastIndexOf('$'), value.lastIndexOf('.')) + 1)));
        }
    }

    private static String number(String value) {
        return "[" + plain(value).replace("#", "").replace('[', '(').replace(']', ')') + "]";
    }

    private static String plain(String text) {
        String line = text.replace("::", ":").replaceAll("\\s+", " ");
        return line.length() > 200 ? line.substring(0, 200) : line;
    }

    private static String types(String all) {
        return all.isBlank() ? "" : Arrays.stream(all.split(",\\s*")).map(Names::simple)
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String simple(String name) {
        if (!name.startsWith("[")) {
            return name.substring(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
        }
        int depth = name.lastIndexOf('[') + 1;
        String inner = name.substring(depth);
        int known = "ZBCSIJFD".indexOf(inner);
        String element = inner.length() == 1 && known >= 0
                ? List.of("boolean", "byte", "char", "short", "int", "long", "float", "double").get(known)
                : simple(inner.substring(1).replace(";", ""));
        return element + "[]".repeat(depth);
    }

    String whole() {
        return file + "::" + String.join("::", scope) + "::" + method;
    }

    String id() {
        return whole() + invocation;
    }
}
