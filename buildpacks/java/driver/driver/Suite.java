package rfsn.driver;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Runs the tests of all modules with JUnit's own engines, and collects what became of each. */
final class Suite {
    private final Job job;
    private final Results results;
    private final Path work;
    private final List<Module> modules = new ArrayList<>();

    Suite(Job job, Results results, Path work) {
        this.job = job;
        this.results = results;
        this.work = work;
    }

    void run(Map<String, Object> project) throws IOException, InterruptedException {
        List<String> folders = Job.strings(project.get("folders"));
        for (Map<String, Object> layout : Job.maps(project.get("modules"))) {
            modules.add(new Module(layout, modules, work));
        }
        for (Module module : modules) {
            module.select(Job.strings(project.get("chosen")));
            boolean known = module.fact("jupiter").equals("true") || module.fact("junit4").equals("true");
            boolean other = module.fact("testng").equals("true") || !module.fact("junit").isEmpty();
            if (other && !known && !module.classes.isEmpty()) {
                throw new IOException("the tests of " + module.folder + " are neither JUnit 4's nor Jupiter's");
            }
            boolean tested = !module.classes.isEmpty() && !module.fact("junit").isEmpty();
            Canaries canaries = job.canaries && tested ? new Canaries(module) : null;
            module.compile(work, canaries == null ? List.of() : List.of(canaries.write(work)));
            if (folders.isEmpty() || folders.contains(module.folder) || folders.contains(":" + module.folder)) {
                test(module, tested, canaries);
            }
        }
    }

    private void test(Module module, boolean tested, Canaries canaries) throws IOException, InterruptedException {
        String build = module.folder + "::[build]";
        if (!module.broken.isEmpty()) {
            if (canaries != null) {
                canaries.names.forEach(name -> results.canary(canaries.id(name), true)); // they fail with the module
            }
            List<String> ids = tested ? declared(module, module.classes.keySet()) : List.of();
            for (String id : ids.isEmpty() ? List.of(build) : ids) {
                results.add(id, "error", 0, Driver.UNBUILT + module.broken);
            }
            return;
        }
        if (job.knows(build)) {
            results.add(build, "passed", 0, "");
        }
        List<String> types = module.classes.keySet().stream().filter(type -> asked(module, type))
                .collect(Collectors.toList());
        if (!tested || types.isEmpty()) {
            return;
        }
        if (canaries == null) {
            new Batch(module, null).run(types);
            return;
        }
        boolean seen = false;
        for (String type : types) {
            seen |= new Batch(module, canaries).run(List.of(type));
        }
        if (!seen) {
            canaries.names.forEach(name -> results.canary(canaries.id(name), true)); // no test passed without them
        }
    }

    private boolean asked(Module module, String type) {
        String before = module.classes.get(type) + "::";
        return job.ids.isEmpty() || job.ids.stream().anyMatch(id -> id.startsWith(before));
    }

    /** The ids of the tests that the sources of these classes declare. */
    private List<String> declared(Module module, Collection<String> types) throws IOException {
        Map<String, List<String>> found = Sources.tests(module.testSources());
        List<String> ids = new ArrayList<>();
        for (String type : types) {
            String file = module.classes.get(type);
            found.getOrDefault(file, List.of()).forEach(id -> ids.add(file + id));
        }
        return ids;
    }

    /** Classes that share a process, which starts again without the tests that ended it. */
    private final class Batch {
        private final Module module;
        private final Canaries canaries;
        private final Map<String, Set<String>> planned = new LinkedHashMap<>();
        private final Map<String, Results.Case> told = new LinkedHashMap<>();
        private boolean seen;

        Batch(Module module, Canaries canaries) {
            this.module = module;
            this.canaries = canaries;
        }

        /** Runs these classes; whether the canaries were seen in each process. */
        boolean run(List<String> types) throws IOException, InterruptedException {
            drive(types);
            told.values().forEach(one -> results.add(one.id(), one.outcome(), one.seconds(), one.message()));
            for (Set<String> ids : planned.values()) {
                ids.stream().filter(id -> job.knows(id) && !told.containsKey(id)).forEach(this::whole);
            }
            return seen;
        }

        private void drive(List<String> types) throws IOException, InterruptedException {
            List<String> left = types;
            while (!left.isEmpty()) {
                Attempt ran = start(left);
                List<String> passed = collect(ran);
                boolean whole = ran.said("end") && ran.code == 0 && ran.over.isEmpty();
                if (whole && !watched(ran)) {
                    passed.forEach(id -> told.put(id, error(id, "its process ended before the canaries failed")));
                }
                if (whole) {
                    break;
                }
                left = after(ran, left, passed);
            }
        }

        private Attempt start(List<String> types) throws IOException, InterruptedException {
            List<String> asked = new ArrayList<>(List.of("junit"));
            for (String type : types) {
                asked.add("class\t" + type + "\t" + module.classes.get(type));
                Set<String> known = planned.getOrDefault(type, Set.of());
                known.stream().filter(id -> !done(id)).forEach(id -> asked.add("want\t" + id));
                if (known.isEmpty()) {
                    String before = module.classes.get(type) + "::";
                    job.ids.stream().filter(id -> id.startsWith(before)).forEach(id -> asked.add("want\t" + Job.whole(id)));
                }
            }
            if (canaries != null) {
                asked.add("canary\t" + canaries.type);
            }
            return Attempt.run(module.command(), Path.of(module.folder).toAbsolutePath().normalize(), asked, job::limit);
        }

        private boolean done(String id) {
            return told.containsKey(id) || told.keySet().stream().anyMatch(one -> Job.whole(one).equals(id));
        }

        /** Takes what was reported, and returns the tests that passed. */
        private List<String> collect(Attempt ran) {
            List<String> passed = new ArrayList<>();
            for (Attempt.Report report : ran.reports) {
                List<String> fields = report.fields();
                if (report.kind().equals("planned")) {
                    planned.computeIfAbsent(fields.get(0), none -> new LinkedHashSet<>()).add(fields.get(1));
                } else if (report.kind().equals("finished")) {
                    String place = fields.get(1).equals("passed") ? "" : places().first(fields.get(4));
                    Results.Case one = new Results.Case(fields.get(0), fields.get(1), Double.parseDouble(fields.get(2)),
                            fields.get(3) + (place.isEmpty() ? "" : " (" + place + ")"));
                    Results.Case known = told.get(one.id());
                    if (known == null || known.outcome().equals("passed") || known.outcome().equals("skipped")) {
                        told.put(one.id(), one);
                    }
                    if (one.outcome().equals("passed")) {
                        passed.add(one.id());
                    }
                } else if (report.kind().equals("canary") && canaries != null) {
                    results.canary(canaries.id(fields.get(0)), fields.get(1).equals("failed"));
                }
            }
            return passed;
        }

        private boolean watched(Attempt ran) {
            long count = ran.reports.stream().filter(report -> report.kind().equals("canary")).count();
            boolean all = canaries == null || count == canaries.names.size();
            seen |= all && canaries != null;
            return all;
        }

        /** What is left to run after a process that broke; the tests that broke it are told. */
        private List<String> after(Attempt ran, List<String> types, List<String> passed)
                throws IOException, InterruptedException {
            Set<String> culprits = new LinkedHashSet<>();
            String entered = "";
            for (Attempt.Report report : ran.reports) {
                if (report.kind().equals("started")) {
                    culprits.add(report.fields().get(0));
                } else if (report.kind().equals("finished")) {
                    culprits.remove(report.fields().get(0));
                } else if (report.kind().equals("entered")) {
                    entered = report.fields().get(0);
                }
            }
            boolean ready = types.stream().allMatch(planned::containsKey);
            if (!ready && types.size() > 1 && culprits.isEmpty() && entered.isEmpty()) {
                for (String type : types) {
                    drive(List.of(type)); // it ended before it knew of all tests: one of these classes ended it
                }
                return List.of();
            }
            if (culprits.isEmpty()) {
                String type = types.contains(entered) ? entered : types.get(0);
                Collection<String> ids = planned.containsKey(type) ? planned.get(type) : declared(module, List.of(type));
                ids.stream().filter(id -> !done(id)).forEach(culprits::add);
                if (culprits.isEmpty()) {
                    passed.stream().filter(id -> id.startsWith(module.classes.get(type) + "::"))
                            .forEach(id -> told.put(id, error(id, Driver.left(ran, places()))));
                }
            }
            if (canaries != null && !culprits.isEmpty()) {
                // Without canaries behind them, these run again without the one that ended their process.
                Set<String> again = passed.stream().map(Job::whole).collect(Collectors.toSet());
                told.keySet().removeIf(id -> again.contains(Job.whole(id)));
            }
            culprits.forEach(id -> told.put(id, stopped(id, ran)));
            List<String> left = new ArrayList<>();
            for (String type : types) {
                boolean more = !planned.containsKey(type) ? !type.equals(types.get(0))
                        : planned.get(type).stream().anyMatch(id -> !done(id));
                if (more) {
                    left.add(type);
                }
            }
            return left;
        }

        private Results.Case stopped(String id, Attempt ran) {
            if (ran.over.isEmpty()) {
                return error(id, Driver.left(ran, places()));
            }
            double limit = job.limit(id);
            job.hung(limit);
            return new Results.Case(id, "timeout", limit, ran.over + ran.stuck(places()));
        }

        private Results.Case error(String id, String why) {
            return new Results.Case(id, "error", 0, why);
        }

        /** A test that reports by its invocations stands for them where an earlier run knows it by itself. */
        private void whole(String id) {
            List<Results.Case> inner = told.values().stream().filter(one -> Job.whole(one.id()).equals(id))
                    .collect(Collectors.toList());
            if (!inner.isEmpty()) {
                Results.Case worst = inner.stream().filter(one -> !one.outcome().equals("passed")).findFirst()
                        .orElse(inner.get(0));
                results.add(id, worst.outcome(), 0, worst.message());
            }
        }

        private Attempt.Places places() {
            return (type, file) -> {
                String top = type.replaceFirst("\\$.*", "");
                for (Module one : modules) {
                    String found = one.place(top, file);
                    if (!found.isEmpty()) {
                        return found;
                    }
                }
                return "";
            };
        }
    }
}
