package dev.vivarium.microvm;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.microvm.host.Nest;
import java.nio.file.Path;
import java.util.List;

/** A virtual machine per sandbox as an engine. */
public final class MicrovmEngine implements Engine {
  @Override
  public String name() {
    return "microvm";
  }

  @Override
  public EngineProbe probe() {
    return new MicrovmProbe(kernels()).run();
  }

  @Override
  public List<String> startedBy() {
    return Nest.words();
  }

  @Override
  public RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException {
    return new MicrovmStart(spec, host, kernels()).start();
  }

  /** Beside the images. */
  private static Path kernels() {
    return ImageStore.defaultRoot().resolve("kernels");
  }
}
