package rfsn.child;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectUniqueId;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URL;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestEngine;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs classes of tests by the engines that packages bring; no listener and no engine of the tree takes part. */
final class JUnitTests {
    private final Reports out;
    private final Launcher launcher;
    private final Map<String, String> files = new HashMap<>();

    private JUnitTests(Reports out) {
        this.out = out;
        LauncherConfig.Builder config = LauncherConfig.builder().enableTestEngineAutoRegistration(false)
                .enableTestExecutionListenerAutoRegistration(false);
        ServiceLoader.load(TestEngine.class).stream().filter(one -> packaged(one.type()))
                .forEach(one -> config.addTestEngines(one.get()));
        launcher = LauncherFactory.create(config.build());
    }

    static void run(Reports out, List<String[]> asked) {
        JUnitTests all = new JUnitTests(out);
        List<DiscoverySelector> classes = new ArrayList<>();
        List<DiscoverySelector> canaries = new ArrayList<>();
        Set<String> wanted = new HashSet<>();
        for (String[] line : asked) {
            if (line[0].equals("class")) {
                all.files.put(line[1], line[2]);
                classes.add(selectClass(line[1]));
            } else if (line[0].equals("want")) {
                wanted.add(line[1]);
            } else if (line[0].equals("canary")) {
                canaries.add(selectClass(line[1]));
            }
        }
        all.execute(classes, wanted);
        if (!canaries.isEmpty()) {
            all.launcher.execute(request(canaries), new Watching(out));
        }
    }

    private static boolean packaged(Class<?> type) {
        URL place = type.getProtectionDomain().getCodeSource().getLocation();
        return place.getPath().endsWith(".jar");
    }

    private static LauncherDiscoveryRequest request(List<DiscoverySelector> selectors) {
        return LauncherDiscoveryRequestBuilder.request().selectors(selectors)
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false").build();
    }

    private void execute(List<DiscoverySelector> classes, Set<String> wanted) {
        TestPlan plan = launcher.discover(request(classes));
        List<DiscoverySelector> chosen = new ArrayList<>();
        for (TestIdentifier root : plan.getRoots()) {
            for (TestIdentifier one : plan.getDescendants(root)) {
                Names names = Names.of(one, files);
                if (names == null || names.method.isEmpty()) {
                    continue;
                }
                if (wanted.isEmpty() || wanted.contains(names.id()) || wanted.contains(names.whole())) {
                    out.send("planned", names.type, names.id());
                    chosen.add(selectUniqueId(one.getUniqueId()));
                }
            }
        }
        if (!chosen.isEmpty()) {
            launcher.execute(request(wanted.isEmpty() ? classes : chosen), new Telling());
        }
    }

    private static String outcome(TestExecutionResult result) {
        switch (result.getStatus()) {
            case SUCCESSFUL:
                return "passed";
            case ABORTED:
                return "skipped";
            default:
                return result.getThrowable().orElse(null) instanceof AssertionError ? "failed" : "error";
        }
    }

    private static String trace(Throwable error) {
        if (error == null) {
            return "";
        }
        StringWriter text = new StringWriter();
        try {
            error.printStackTrace(new PrintWriter(text));
        } catch (RuntimeException broken) {
            text.append(broken.getClass().getName());
        }
        String all = text.toString();
        return all.length() > 20_000 ? all.substring(0, 20_000) : all;
    }

    private static String said(Throwable error) {
        if (error == null) {
            return "";
        }
        try {
            String type = error.getClass().getSimpleName();
            return error.getMessage() == null ? type : type + ": " + error.getMessage();
        } catch (RuntimeException broken) {
            return error.getClass().getName();
        }
    }

    /** Tells the driver what becomes of each test. */
    private final class Telling implements TestExecutionListener {
        private final Map<String, Long> began = new HashMap<>();
        private final Set<String> told = new HashSet<>();
        private TestPlan plan;

        @Override
        public void testPlanExecutionStarted(TestPlan started) {
            plan = started;
        }

        @Override
        public void executionStarted(TestIdentifier one) {
            Names names = Names.of(one, files);
            if (names == null) {
                return;
            }
            if (one.isTest()) {
                began.put(names.id(), System.nanoTime());
                out.send("started", names.id());
            } else {
                out.send("entered", names.type);
            }
        }

        @Override
        public void executionSkipped(TestIdentifier one, String reason) {
            tell(one, "skipped", reason, "");
        }

        @Override
        public void executionFinished(TestIdentifier one, TestExecutionResult result) {
            Throwable error = result.getThrowable().orElse(null);
            if (one.isTest() || result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                tell(one, outcome(result), said(error), trace(error));
            }
        }

        /** A test, or all of those in a class, or of a group of tests that did not begin, as far as nothing is told. */
        private void tell(TestIdentifier one, String outcome, String why, String trace) {
            Names names = Names.of(one, files);
            if (names != null && !names.method.isEmpty()) {
                send(names, outcome, why, trace);
                return;
            }
            for (TestIdentifier inner : plan.getDescendants(one)) {
                Names known = Names.of(inner, files);
                if (known != null && !known.method.isEmpty() && !told.contains(known.id())) {
                    send(known, outcome, why, trace);
                }
            }
        }

        private void send(Names names, String outcome, String why, String trace) {
            told.add(names.id());
            told.add(names.whole());
            double seconds = (System.nanoTime() - began.getOrDefault(names.id(), System.nanoTime())) / 1e9;
            out.send("finished", names.id(), outcome, Double.toString(seconds), why, trace);
        }
    }

    /** Tells whether each canary failed. */
    private static final class Watching implements TestExecutionListener {
        private final Reports out;

        Watching(Reports out) {
            this.out = out;
        }

        @Override
        public void executionFinished(TestIdentifier one, TestExecutionResult result) {
            Names names = Names.of(one, Map.of());
            if (one.isTest() && names != null) {
                out.send("canary", names.method, result.getStatus() == TestExecutionResult.Status.FAILED ? "failed" : "not");
            }
        }
    }
}
