package rfsn.child;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Runs a main program of tests, which fails if it throws or ends with another exit code than 0. */
public final class MainTests {
    private static Thread main;
    private static Set<String> programs;
    private static Runnable finish;
    private static Reports reports;

    private MainTests() {}

    static void run(Reports out, List<String[]> asked) throws InterruptedException {
        String type = asked.get(1)[0];
        List<String> canaries = named("canary", asked);
        main = Thread.currentThread();
        programs = new HashSet<>(named("program", asked));
        reports = out;
        finish = () -> {
            for (String canary : canaries) {
                out.send("canary", canary, thrown(canary, new String[0]) == null ? "returned" : "threw");
            }
            Child.end(out);
        };
        Throwable thrown = thrown(type, named("argument", asked).toArray(new String[0]));
        if (thrown == null) {
            others();
            out.send("ended", "returned", "0");
        } else {
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            out.send("ended", "threw", thrown.toString(), trace.toString());
        }
        finish.run();
    }

    /** Where the classes of tests call `System.exit`, they call this instead. */
    public static void exit(int code) {
        List<String> callers = StackWalker.getInstance().walk(frames -> frames.skip(1)
                .map(StackWalker.StackFrame::getClassName).collect(Collectors.toList()));
        boolean own = Thread.currentThread() == main && programs.contains(callers.get(0)) && callers.stream()
                .allMatch(name -> programs.contains(name) || name.matches("(?:java|jdk|sun|rfsn\\.child)\\..*"));
        if (!own) {
            System.exit(code); // the driver takes this for what it is
        }
        reports.send("ended", "exited", Integer.toString(code));
        finish.run();
    }

    private static List<String> named(String kind, List<String[]> asked) {
        return asked.stream().filter(line -> line[0].equals(kind)).map(line -> line[1]).collect(Collectors.toList());
    }

    private static Throwable thrown(String type, String[] arguments) {
        try {
            Method method = Class.forName(type).getDeclaredMethod("main", String[].class);
            method.setAccessible(true);
            method.invoke(null, (Object) arguments);
            return null;
        } catch (InvocationTargetException error) {
            return error.getCause();
        } catch (Throwable error) {
            return error;
        }
    }

    /** A program goes on until its own threads have ended. */
    private static void others() throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!thread.isDaemon() && thread != main && !thread.getName().equals("DestroyJavaVM")) {
                thread.join();
            }
        }
    }
}
