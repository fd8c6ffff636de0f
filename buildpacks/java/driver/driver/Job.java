package rfsn.driver;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What the pack asks for, see pack.py. */
final class Job {
    final String key;
    final Set<String> ids;
    final boolean canaries;
    final String project;
    private static final double STARTING = 10; // a JVM and the engines need some time before the first test

    private final double limit;
    private final double largest;
    private final Map<String, Double> limits = new HashMap<>();
    private double budget;

    Job(String text) {
        Map<String, Object> asked = map(Json.read(text));
        key = (String) asked.get("key");
        ids = new LinkedHashSet<>(strings(asked.get("ids")));
        canaries = (Boolean) asked.get("canaries");
        project = (String) asked.get("project");
        limit = (Double) asked.get("case_limit_s");
        budget = (Double) asked.get("hang_budget_s");
        map(asked.get("limits")).forEach((id, seconds) -> limits.put(id, (Double) seconds));
        largest = limits.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    static List<Map<String, Object>> maps(Object value) {
        return ((List<?>) value).stream().map(Job::map).collect(Collectors.toList());
    }

    static List<String> strings(Object value) {
        return ((List<?>) value).stream().map(String.class::cast).collect(Collectors.toList());
    }

    /** Whether a result was asked for: the test itself, or one that it is an invocation of. */
    boolean reports(String id) {
        return ids.isEmpty() || ids.contains(id) || ids.contains(whole(id));
    }

    /** Whether a test has to be run: it, or an invocation of it, was asked for. */
    boolean wants(String id) {
        return reports(id) || ids.stream().anyMatch(asked -> whole(asked).equals(id));
    }

    /** Whether an earlier run reported this id. */
    boolean knows(String id) {
        return ids.contains(id) || limits.containsKey(id);
    }

    /** A test without the numbers of its invocations. */
    static String whole(String id) {
        return id.replaceFirst("(\\[[^\\[\\]]*\\])+$", "");
    }

    /** The CPU time for a test; without one, for what comes before the first. */
    double limit(String id) {
        double shared = budget > 0 ? limit : limit / 4;
        return id.isEmpty() ? Math.max(Math.max(largest, STARTING), shared) : limits.getOrDefault(id, shared);
    }

    void hung(double seconds) {
        budget -= seconds;
    }
}
