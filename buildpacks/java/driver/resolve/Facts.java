package rfsn.resolve;

import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.maven.model.Model;
import org.apache.maven.model.Plugin;
import org.codehaus.plexus.util.xml.Xpp3Dom;

/** What a model, which has what its parents say, sets for compiling and testing. */
final class Facts {
    private Facts() {}

    static Properties of(Model model) {
        Properties facts = new Properties();
        for (String name : List.of("maven.compiler.release", "maven.compiler.source", "project.build.sourceEncoding")) {
            put(facts, name, model.getProperties().getProperty(name));
        }
        for (Plugin plugin : model.getBuild() == null || model.getBuild().getPluginManagement() == null ? List.<Plugin>of()
                : model.getBuild().getPluginManagement().getPlugins()) {
            add(plugin, facts);
        }
        for (Plugin plugin : model.getBuild() == null ? List.<Plugin>of() : model.getBuild().getPlugins()) {
            add(plugin, facts);
        }
        return facts;
    }

    private static void add(Plugin plugin, Properties facts) {
        Xpp3Dom configuration = (Xpp3Dom) plugin.getConfiguration();
        if (configuration != null && plugin.getArtifactId().equals("maven-compiler-plugin")) {
            put(facts, "maven.compiler.release", value(configuration, "release"));
            put(facts, "maven.compiler.source", value(configuration, "source"));
        } else if (configuration != null && plugin.getArtifactId().equals("maven-surefire-plugin")) {
            put(facts, "includes", values(configuration.getChild("includes")));
            put(facts, "excludes", values(configuration.getChild("excludes")));
            put(facts, "argLine", value(configuration, "argLine"));
            Xpp3Dom set = configuration.getChild("systemPropertyVariables");
            for (Xpp3Dom one : set == null ? new Xpp3Dom[0] : set.getChildren()) {
                put(facts, "system." + one.getName(), one.getValue());
            }
        }
    }

    private static String value(Xpp3Dom configuration, String name) {
        return configuration.getChild(name) == null ? null : configuration.getChild(name).getValue();
    }

    private static String values(Xpp3Dom list) {
        return list == null ? null
                : Arrays.stream(list.getChildren()).map(Xpp3Dom::getValue).collect(Collectors.joining(","));
    }

    private static void put(Properties facts, String name, String value) {
        if (value != null && !value.isBlank() && !value.contains("${")) {
            facts.setProperty(name, value.strip());
        }
    }
}
