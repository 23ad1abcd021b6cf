package dev.vivarium.microvm;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.image.store.ImageStore;
import java.nio.file.Path;

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
  public RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException {
    return new MicrovmStart(spec, host, kernels()).start();
  }

  /** Beside the images. */
  private static Path kernels() {
    return ImageStore.defaultRoot().resolve("kernels");
  }
}
