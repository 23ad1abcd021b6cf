package dev.vivarium.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the modules and the few places where special powers may be used. */
@AnalyzeClasses(packages = "dev.vivarium", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String PROFILES = "dev.vivarium.profiles..";
  private static final String IMAGES = "dev.vivarium.image..";
  private static final String ENGINE_API = "dev.vivarium.engine..";
  private static final String SENTRY = "dev.vivarium.sentry..";
  private static final String MICROVM = "dev.vivarium.microvm..";
  private static final String CLI = "dev.vivarium.cli..";
  private static final String GUI = "dev.vivarium.gui..";

  /** Ours, but not these. */
  private static ArchRule knowsOfOursOnly(String module, String... known) {
    return noClasses()
        .that()
        .resideInAPackage(module)
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("dev.vivarium..").and(resideOutsideOfPackages(known)))
        .allowEmptyShould(true);
  }

  @ArchTest static final ArchRule profilesKnowNothingOfOurs = knowsOfOursOnly(PROFILES, PROFILES);

  @ArchTest static final ArchRule theImageStoreKnowsNothingOfOurs = knowsOfOursOnly(IMAGES, IMAGES);

  @ArchTest
  static final ArchRule theEngineApiKnowsProfilesAndImages =
      knowsOfOursOnly(ENGINE_API, ENGINE_API, PROFILES, IMAGES);

  @ArchTest
  static final ArchRule theSentryKnowsNoOtherEngineAndNoClient =
      knowsOfOursOnly(SENTRY, SENTRY, ENGINE_API, PROFILES, IMAGES);

  @ArchTest
  static final ArchRule microvmsKnowNoOtherEngineAndNoClient =
      knowsOfOursOnly(MICROVM, MICROVM, ENGINE_API, PROFILES, IMAGES);

  @ArchTest
  static final ArchRule theCommandLineNamesNoEngine =
      knowsOfOursOnly(CLI, CLI, ENGINE_API, PROFILES, IMAGES);

  @ArchTest
  static final ArchRule theDesktopNamesNoEngine =
      knowsOfOursOnly(GUI, GUI, ENGINE_API, PROFILES, IMAGES);

  @ArchTest
  static final ArchRule hostCallsAreMadeInHostPackagesAlone =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.vivarium..host..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jnr..");

  @ArchTest
  static final ArchRule onlyTheseNameTheJdksOwnClasses =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.vivarium.sentry.kernel.Coroutine")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.engine.memory.RawMemory")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.engine.process.Restored")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jdk.internal..");

  @ArchTest
  static final ArchRule onlyWhoChecksAddressesUsesMemoryByItsAddress =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.vivarium.sentry.platform.systrap.ControlRegion")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.sentry.memory.GuestMemory")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.sentry.memory.GuestUio")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.sentry.ipc.Bytes")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.sentry.host.HostBuffer")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.engine.watch.EventWriter")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.engine.memory.Fields")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("dev.vivarium.engine.memory.RawMemory");

  @ArchTest
  static final ArchRule onlyOneClassOfTheClientSeesSignals =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.vivarium.cli.run.Signals")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("sun.misc..");

  @ArchTest
  static final ArchRule theKernelRunsOnAnyPlatform =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.vivarium.sentry.kernel..",
              "dev.vivarium.sentry.vfs..",
              "dev.vivarium.sentry.memory..",
              "dev.vivarium.sentry.loader..",
              "dev.vivarium.sentry.syscalls..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.vivarium.sentry.platform.systrap..", "dev.vivarium.sentry.platform.ptrace..");

  @ArchTest
  static final ArchRule theAbiIsConstantsAlone =
      noClasses()
          .that()
          .resideInAPackage("dev.vivarium.sentry.abi..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("dev.vivarium..")
                  .and(resideOutsideOfPackages("dev.vivarium.sentry.abi..")));

  @ArchTest
  static final ArchRule thereIsNoStaticMutableState =
      fields()
          .that()
          .areStatic()
          .and()
          .areDeclaredInClassesThat()
          .resideInAPackage("dev.vivarium..")
          .and()
          .doNotHaveModifier(JavaModifier.SYNTHETIC)
          .should()
          .beFinal();

  @ArchTest
  static final ArchRule onlyMainEndsTheClient =
      noClasses()
          .that()
          .resideInAnyPackage(IMAGES, PROFILES, CLI, GUI)
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.cli.Main")
          .and()
          .doNotHaveFullyQualifiedName("dev.vivarium.cli.Training")
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);

  @ArchTest
  static final ArchRule enginesAreFoundByTheServiceLoader =
      classes()
          .that()
          .implement("dev.vivarium.engine.Engine")
          .should()
          .bePublic()
          .allowEmptyShould(true);
}
