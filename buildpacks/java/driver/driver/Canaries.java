package rfsn.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A class of tests that must fail, each in the way of one of the libraries that a module has. */
final class Canaries {
    final String type;
    final Set<String> names;
    private final Map<String, String> bodies = new LinkedHashMap<>();
    private final String annotation;
    private final String place;

    Canaries(Module module) {
        place = "rfsn" + Attempt.nonce();
        type = place + ".RfsnTest";
        boolean jupiter = module.fact("jupiter").equals("true");
        annotation = jupiter ? "org.junit.jupiter.api.Test" : "org.junit.Test";
        bodies.put("throwing", "throw new AssertionError(\"a canary\");");
        if (jupiter) {
            String all = "org.junit.jupiter.api.Assertions.";
            bodies.put("jupiterEquals", all + "assertEquals(1, 2);");
            bodies.put("jupiterTexts", all + "assertEquals(\"a\", \"b\");");
            bodies.put("jupiterTrue", all + "assertTrue(false);");
            bodies.put("jupiterThrows", all + "assertThrows(IllegalStateException.class, () -> { });");
        }
        if (module.fact("junit4").equals("true")) {
            bodies.put("junit4Equals", "org.junit.Assert.assertEquals(1, 2);");
            bodies.put("junit4Texts", "org.junit.Assert.assertEquals(\"a\", \"b\");");
            bodies.put("junit4True", "org.junit.Assert.assertTrue(false);");
        }
        if (module.fact("assertj").equals("true")) {
            bodies.put("assertjEquals", "org.assertj.core.api.Assertions.assertThat(\"a\").isEqualTo(\"b\");");
        }
        names = bodies.keySet();
    }

    String id(String name) {
        return type + "::" + name;
    }

    /** Writes the class and returns the path of its source. */
    String write(Path work) throws IOException {
        StringBuilder text = new StringBuilder("package " + place + ";\n\npublic class RfsnTest {\n");
        bodies.forEach((name, body) -> text.append("    @").append(annotation).append(" public void ").append(name)
                .append("() { ").append(body).append(" }\n"));
        Path file = Files.createDirectories(work.resolve(place)).resolve("RfsnTest.java");
        return Files.writeString(file, text.append("}\n")).toString();
    }
}
