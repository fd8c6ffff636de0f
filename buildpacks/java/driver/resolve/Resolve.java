import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Model;
import org.apache.maven.model.Parent;
import org.apache.maven.model.Plugin;
import org.apache.maven.model.Repository;
import org.apache.maven.model.building.DefaultModelBuilderFactory;
import org.apache.maven.model.building.DefaultModelBuildingRequest;
import org.apache.maven.model.building.FileModelSource;
import org.apache.maven.model.building.ModelBuildingException;
import org.apache.maven.model.building.ModelBuildingRequest;
import org.apache.maven.model.building.ModelSource2;
import org.apache.maven.model.resolution.ModelResolver;
import org.apache.maven.model.resolution.UnresolvableModelException;
import org.apache.maven.repository.internal.MavenRepositorySystemUtils;
import org.codehaus.plexus.util.xml.Xpp3Dom;
import org.eclipse.aether.DefaultRepositorySystemSession;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.artifact.DefaultArtifactType;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.connector.basic.BasicRepositoryConnectorFactory;
import org.eclipse.aether.graph.Exclusion;
import org.eclipse.aether.impl.DefaultServiceLocator;
import org.eclipse.aether.repository.LocalRepository;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.repository.RepositoryPolicy;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.resolution.DependencyRequest;
import org.eclipse.aether.spi.connector.RepositoryConnectorFactory;
import org.eclipse.aether.spi.connector.transport.AbstractTransporter;
import org.eclipse.aether.spi.connector.transport.GetTask;
import org.eclipse.aether.spi.connector.transport.PeekTask;
import org.eclipse.aether.spi.connector.transport.PutTask;
import org.eclipse.aether.spi.connector.transport.Transporter;
import org.eclipse.aether.spi.connector.transport.TransporterFactory;

/**
 * Fetches what neutral poms require, with Maven's own resolver and model builder: no plugin, no extension and no
 * repository that a pom names is used. For each module it writes what its classpaths consist of and what its parents
 * say about compiling and testing.
 */
public final class Resolve {
    private static final String VINTAGE = "5.10.2";
    private static final String JUNIT4 = "4.13.2";
    private static final List<String> FRAMEWORKS = List.of("org.junit.", "junit", "org.hamcrest", "org.opentest4j",
            "org.apiguardian", "org.assertj", "org.mockito", "com.google.truth", "org.easymock");

    private final Path to;
    private final RepositorySystem system;
    private final DefaultRepositorySystemSession session = MavenRepositorySystemUtils.newSession();
    private final List<RemoteRepository> central;
    private String launcher = "";

    public static void main(String[] arguments) throws Exception {
        Path to = Path.of(arguments[1]);
        Resolve all = new Resolve(to);
        File[] poms = new File(arguments[0]).listFiles((folder, name) -> name.endsWith(".xml"));
        Arrays.sort(poms);
        for (File pom : poms) {
            try {
                all.module(pom, pom.getName().replace(".xml", ".properties"));
            } catch (ModelBuildingException | ArtifactResolutionException
                    | org.eclipse.aether.resolution.DependencyResolutionException error) {
                System.err.println("the packages cannot be fetched: " + error.getMessage());
                System.exit(1);
            }
        }
        Files.writeString(to.resolve("launcher.txt"), all.launcher);
    }

    private Resolve(Path to) {
        this.to = to;
        DefaultServiceLocator locator = MavenRepositorySystemUtils.newServiceLocator();
        locator.addService(RepositoryConnectorFactory.class, BasicRepositoryConnectorFactory.class);
        locator.addService(TransporterFactory.class, Http.class);
        system = locator.getService(RepositorySystem.class);
        session.setLocalRepositoryManager(
                system.newLocalRepositoryManager(session, new LocalRepository(to.resolve("repository").toFile())));
        session.setIgnoreArtifactDescriptorRepositories(true);
        session.setChecksumPolicy(RepositoryPolicy.CHECKSUM_POLICY_FAIL);
        session.setSystemProperties(System.getProperties());
        Repository known = new BuiltIn().repository();
        central = List.of(new RemoteRepository.Builder(known.getId(), "default", known.getUrl()).build());
    }

    private void module(File pom, String name) throws Exception {
        Model model = new DefaultModelBuilderFactory().newInstance().build(request(pom)).getEffectiveModel();
        List<Artifact> found = resolved(model, List.of());
        Map<String, String> versions = new LinkedHashMap<>();
        found.forEach(one -> versions.put(one.getGroupId() + ":" + one.getArtifactId(), one.getVersion()));
        List<org.eclipse.aether.graph.Dependency> more = new ArrayList<>();
        boolean jupiter = versions.containsKey("org.junit.jupiter:junit-jupiter-api");
        boolean vintage = versions.containsKey("org.junit.vintage:junit-vintage-engine");
        if (jupiter && !versions.containsKey("org.junit.jupiter:junit-jupiter-engine")) {
            more.add(test("org.junit.jupiter:junit-jupiter-engine:"
                    + versions.get("org.junit.jupiter:junit-jupiter-api")));
        }
        String old = versions.get("junit:junit");
        boolean platform = jupiter || vintage || versions.containsKey("org.junit.platform:junit-platform-engine");
        if (old != null && !platform) {
            more.add(test("org.junit.vintage:junit-vintage-engine:" + VINTAGE));
            if (!old.matches("4\\.1[2-9].*")) {
                more.add(test("junit:junit:" + JUNIT4)); // the engine needs it
            }
        }
        if (!more.isEmpty()) {
            found = resolved(model, more);
        }
        Properties facts = facts(model);
        String engine = found.stream().filter(one -> one.getArtifactId().equals("junit-platform-engine"))
                .map(Artifact::getVersion).findFirst().orElse("");
        if (!engine.isEmpty() && found.stream().noneMatch(one -> one.getArtifactId().equals("junit-platform-launcher"))) {
            more.add(test("org.junit.platform:junit-platform-launcher:" + engine));
            found = resolved(model, more);
        }
        facts.setProperty("junit", engine.isEmpty() ? "" : platform ? "jupiter" : "vintage");
        facts.setProperty("jupiter", Boolean.toString(jupiter));
        facts.setProperty("junit4", Boolean.toString(old != null && (vintage || !platform)));
        facts.setProperty("testng", Boolean.toString(versions.containsKey("org.testng:testng")));
        facts.setProperty("assertj", Boolean.toString(versions.containsKey("org.assertj:assertj-core")));
        facts.setProperty("first", paths(found, true));
        facts.setProperty("last", paths(found, false));
        if (!engine.isEmpty() && launcher.isEmpty()) {
            launcher = paths(found, true);
        }
        facts.setProperty("compile", paths(resolved.entrySet().stream()
                .filter(one -> !one.getValue().equals("test") && !one.getValue().equals("runtime"))
                .map(Map.Entry::getKey).collect(Collectors.toList())));
        try (OutputStream out = Files.newOutputStream(to.resolve(name))) {
            facts.store(out, null);
        }
    }

    private static org.eclipse.aether.graph.Dependency test(String coordinates) {
        return new org.eclipse.aether.graph.Dependency(new DefaultArtifact(coordinates), "test");
    }

    private final Map<Artifact, String> resolved = new LinkedHashMap<>();

    /** The files of everything that a model requires, with what else is added; `resolved` has their scopes. */
    private List<Artifact> resolved(Model model, List<org.eclipse.aether.graph.Dependency> more) throws Exception {
        CollectRequest collect = new CollectRequest();
        collect.setRepositories(central);
        more.forEach(collect::addDependency);
        model.getDependencies().forEach(one -> collect.addDependency(converted(one)));
        if (model.getDependencyManagement() != null) {
            model.getDependencyManagement().getDependencies().forEach(one -> collect.addManagedDependency(converted(one)));
        }
        resolved.clear();
        for (ArtifactResult one : system.resolveDependencies(session, new DependencyRequest(collect, null))
                .getArtifactResults()) {
            if (one.getArtifact().getExtension().equals("jar")) {
                resolved.put(one.getArtifact(), one.getRequest().getDependencyNode().getDependency().getScope());
            }
        }
        return new ArrayList<>(resolved.keySet());
    }

    private org.eclipse.aether.graph.Dependency converted(Dependency one) {
        boolean tests = one.getType().equals("test-jar");
        String extension = List.of("jar", "bundle", "test-jar", "maven-plugin", "ejb").contains(one.getType()) ? "jar"
                : one.getType();
        String classifier = tests ? "tests" : one.getClassifier();
        Artifact artifact = new DefaultArtifact(one.getGroupId(), one.getArtifactId(), classifier, extension,
                one.getVersion(), new DefaultArtifactType(one.getType(), extension, classifier, "java"));
        List<Exclusion> without = one.getExclusions().stream()
                .map(other -> new Exclusion(other.getGroupId(), other.getArtifactId(), "*", "*"))
                .collect(Collectors.toList());
        return new org.eclipse.aether.graph.Dependency(artifact, one.getScope(), one.isOptional(), without);
    }

    private static String paths(List<Artifact> all, boolean frameworks) {
        return paths(all.stream().filter(one -> FRAMEWORKS.stream().anyMatch(one.getGroupId()::startsWith) == frameworks)
                .collect(Collectors.toList()));
    }

    private static String paths(List<Artifact> all) {
        return all.stream().map(one -> one.getFile().getPath()).collect(Collectors.joining(File.pathSeparator));
    }

    /** What the model, which has what its parents say, sets for compiling and testing. */
    private static Properties facts(Model model) {
        Properties facts = new Properties();
        for (String name : List.of("maven.compiler.release", "maven.compiler.source", "project.build.sourceEncoding")) {
            put(facts, name, model.getProperties().getProperty(name));
        }
        for (Plugin plugin : model.getBuild() == null || model.getBuild().getPluginManagement() == null ? List.<Plugin>of()
                : model.getBuild().getPluginManagement().getPlugins()) {
            facts(plugin, facts);
        }
        for (Plugin plugin : model.getBuild() == null ? List.<Plugin>of() : model.getBuild().getPlugins()) {
            facts(plugin, facts);
        }
        return facts;
    }

    private static void facts(Plugin plugin, Properties facts) {
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

    private ModelBuildingRequest request(File pom) {
        return new DefaultModelBuildingRequest().setPomFile(pom).setSystemProperties(System.getProperties())
                .setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL).setModelResolver(new Poms());
    }

    /** Fetches the poms of parents and of imported lists of versions. */
    private final class Poms implements ModelResolver {
        @Override
        public ModelSource2 resolveModel(String group, String name, String version) throws UnresolvableModelException {
            try {
                Artifact pom = new DefaultArtifact(group, name, "pom", version);
                return new FileModelSource(system.resolveArtifact(session, new ArtifactRequest(pom, central, null))
                        .getArtifact().getFile());
            } catch (ArtifactResolutionException error) {
                throw new UnresolvableModelException(error.getMessage(), group, name, version, error);
            }
        }

        @Override
        public ModelSource2 resolveModel(Parent parent) throws UnresolvableModelException {
            return resolveModel(parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
        }

        @Override
        public ModelSource2 resolveModel(Dependency one) throws UnresolvableModelException {
            return resolveModel(one.getGroupId(), one.getArtifactId(), one.getVersion());
        }

        @Override
        public void addRepository(Repository repository) {
            // only the one that Maven itself knows is asked
        }

        @Override
        public void addRepository(Repository repository, boolean replace) {
            // only the one that Maven itself knows is asked
        }

        @Override
        public ModelResolver newCopy() {
            return this;
        }
    }

    /** The repository that Maven's own model names. */
    private static final class BuiltIn extends DefaultModelBuilderFactory {
        Repository repository() {
            return newSuperPomProvider().getSuperModel("4.0.0").getRepositories().get(0);
        }
    }

    /** Downloads by the standard library, through the proxy that the environment names. */
    public static final class Http implements TransporterFactory {
        @Override
        public Transporter newInstance(RepositorySystemSession session, RemoteRepository repository) {
            return new Download(URI.create(repository.getUrl().replaceFirst("/*$", "/")));
        }

        @Override
        public float getPriority() {
            return 1;
        }
    }

    private static final class Download extends AbstractTransporter {
        private static final int TRIES = 3;
        private static final int TIMEOUT_MS = 60_000;
        private final URI base;

        Download(URI base) {
            this.base = base;
        }

        @Override
        public int classify(Throwable error) {
            return error instanceof FileNotFoundException ? ERROR_NOT_FOUND : ERROR_OTHER;
        }

        @Override
        protected void implPeek(PeekTask task) throws IOException {
            opened(task.getLocation()).close();
        }

        @Override
        protected void implGet(GetTask task) throws Exception {
            for (int tried = 1;; tried++) {
                try (InputStream in = opened(task.getLocation())) {
                    utilGet(task, in, true, -1, false);
                    return;
                } catch (FileNotFoundException error) {
                    throw error;
                } catch (IOException error) {
                    if (tried == TRIES) {
                        throw error;
                    }
                }
            }
        }

        @Override
        protected void implPut(PutTask task) throws IOException {
            throw new IOException("nothing is uploaded");
        }

        @Override
        protected void implClose() {
            // each connection is closed by whoever reads it
        }

        private InputStream opened(URI location) throws IOException {
            HttpURLConnection connection = (HttpURLConnection) base.resolve(location).toURL().openConnection(proxy());
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(TIMEOUT_MS);
            connection.setRequestProperty("User-Agent", "rfsn");
            return connection.getInputStream();
        }

        private static Proxy proxy() {
            for (String name : List.of("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")) {
                String value = System.getenv(name);
                if (value != null && !value.isBlank()) {
                    URI address = URI.create(value.contains("://") ? value : "http://" + value);
                    return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(address.getHost(), address.getPort()));
                }
            }
            return Proxy.NO_PROXY;
        }
    }
}
