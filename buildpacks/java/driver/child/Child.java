package rfsn.child;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The process in which code of the project runs: it reads what to run from standard input, before any of that code. */
public final class Child {
    private Child() {}

    public static void main(String[] none) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Reports out = new Reports(new PrintStream(new FileOutputStream(FileDescriptor.out), true), in.readLine());
        List<String[]> asked = new ArrayList<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            asked.add(URLDecoder.decode(line, StandardCharsets.UTF_8).split("\t", -1));
        }
        System.setIn(InputStream.nullInputStream());
        System.setOut(System.err);
        if (asked.get(0)[0].equals("main")) {
            MainTests.run(out, asked);
        } else {
            // It is there only if the project has JUnit's packages.
            Class.forName("rfsn.child.JUnitTests").getDeclaredMethod("run", Reports.class, List.class)
                    .invoke(null, out, asked);
        }
        end(out);
    }

    static void end(Reports out) {
        out.send("end");
        System.err.flush();
        Runtime.getRuntime().halt(0);
    }
}
