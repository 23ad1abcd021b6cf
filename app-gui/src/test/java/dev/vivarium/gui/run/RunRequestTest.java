package dev.vivarium.gui.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class RunRequestTest {
  @Test
  void theFormComesToTheCommandThatOneWouldType() {
    RunRequest request =
        new RunRequest(
            " debian:12 ",
            "sh -c 'ls /mnt'",
            "web",
            "dev",
            "microvm",
            "allow",
            "pypi.org:443, example.org",
            List.of(new RunRequest.Mount("/srv/a b", "/mnt/a b", true)),
            "512m",
            "",
            "30s",
            true,
            true);
    assertEquals(
        List.of(
            "run",
            "--detach",
            "-i",
            "-t",
            "--record",
            "--name",
            "web",
            "--profile",
            "dev",
            "--engine",
            "microvm",
            "--net",
            "allow",
            "--allow",
            "pypi.org:443",
            "--allow",
            "example.org",
            "-v",
            "/srv/a b:/mnt/a b:rw",
            "--memory",
            "512m",
            "--timeout",
            "30s",
            "debian:12",
            "sh",
            "-c",
            "ls /mnt"),
        request.words());
  }

  @Test
  void whatIsNotFilledInIsNotSaid() {
    RunRequest request =
        new RunRequest("host", "", "", "", "", "", "", List.of(), "", "", "", false, false);
    assertEquals(List.of("run", "--detach", "host"), request.words());
  }
}
