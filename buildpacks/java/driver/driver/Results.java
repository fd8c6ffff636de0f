package rfsn.driver;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The results of a run, and the way out for them: signed lines, see buildpacks/result_lines.py. */
final class Results {
    static final int PASSED = 0;
    static final int FAILED = 1;
    static final int BROKEN = 3;
    static final int REFUSED = 4;
    static final int NO_TESTS = 5;
    private static final int MAX_MESSAGE = 4000;

    /** What became of a test. */
    record Case(String id, String outcome, double seconds, String message) {}

    private final Job job;
    private final PrintStream out;
    private final Mac mac;
    private final List<Case> cases = new ArrayList<>();
    private final Map<String, Boolean> canaries = new LinkedHashMap<>();
    private boolean failed;
    private long number;

    Results(Job job, PrintStream out) throws GeneralSecurityException {
        this.job = job;
        this.out = out;
        mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(HexFormat.of().parseHex(job.key), "HmacSHA256"));
    }

    void add(String id, String outcome, double seconds, String message) {
        if (!job.reports(id)) {
            return;
        }
        String said = message.strip();
        cases.add(new Case(id, outcome, seconds, said.length() > MAX_MESSAGE ? said.substring(0, MAX_MESSAGE) : said));
        failed |= !outcome.equals("passed") && !outcome.equals("skipped");
    }

    /** Of several processes, a canary counts as failed only if it failed in each of them. */
    void canary(String name, boolean did) {
        canaries.merge(name, did, Boolean::logicalAnd);
    }

    /** Writes everything and returns the exit code. */
    int write() throws IOException {
        int code = failed || canaries.containsValue(true) ? FAILED : PASSED;
        if (cases.isEmpty()) {
            code = job.ids.isEmpty() ? NO_TESTS : REFUSED;
            if (!job.ids.isEmpty()) {
                System.err.println("refused: there is no test " + job.ids.iterator().next());
            }
        }
        for (Map.Entry<String, Boolean> canary : canaries.entrySet()) {
            line("{\"canary\":" + Json.quoted(canary.getKey()) + "}");
            line(spelled(new Case(canary.getKey(), canary.getValue() ? "failed" : "passed", 0, "a canary")));
        }
        for (Case one : cases) {
            line(spelled(one));
        }
        line("{\"end\":" + code + "}");
        out.flush();
        return code;
    }

    private static String spelled(Case one) {
        return "{\"case\":" + Json.quoted(one.id) + ",\"outcome\":" + Json.quoted(one.outcome) + ",\"duration_s\":"
                + one.seconds + ",\"message\":" + Json.quoted(one.message) + "}";
    }

    private void line(String result) throws IOException {
        byte[] data = result.getBytes(StandardCharsets.UTF_8);
        mac.update(ByteBuffer.allocate(Long.BYTES).putLong(number++).array());
        out.print(HexFormat.of().formatHex(mac.doFinal(data)) + " " + result + "\n");
        if (out.checkError()) {
            throw new IOException("the results cannot be written");
        }
    }
}
