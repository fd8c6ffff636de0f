package rfsn.resolve;

import java.util.List;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Parent;
import org.apache.maven.model.Repository;
import org.apache.maven.model.building.DefaultModelBuilderFactory;
import org.apache.maven.model.building.FileModelSource;
import org.apache.maven.model.building.ModelSource2;
import org.apache.maven.model.resolution.ModelResolver;
import org.apache.maven.model.resolution.UnresolvableModelException;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;

/** Fetches the poms of parents and of imported lists of versions. */
final class Poms implements ModelResolver {
    private final RepositorySystem system;
    private final RepositorySystemSession session;
    private final List<RemoteRepository> central;

    Poms(RepositorySystem system, RepositorySystemSession session, List<RemoteRepository> central) {
        this.system = system;
        this.session = session;
        this.central = central;
    }

    /** The repository that Maven's own model names. */
    static Repository builtIn() {
        return new BuiltIn().repository();
    }

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

    private static final class BuiltIn extends DefaultModelBuilderFactory {
        Repository repository() {
            return newSuperPomProvider().getSuperModel("4.0.0").getRepositories().get(0);
        }
    }
}
