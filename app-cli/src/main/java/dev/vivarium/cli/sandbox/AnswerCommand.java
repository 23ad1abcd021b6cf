package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.engine.client.SandboxQuestions;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv answer}. */
public final class AnswerCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(
        spec,
        "0..*",
        "3",
        "SANDBOX ID ANSWER",
        "Whose question, its number in viv questions, and allow, always, refuse or never.");
    spec.usageMessage()
        .footer(
            "",
            "  allow    yes, as long as this run lasts",
            "  always   yes, and in every later run with this profile",
            "  refuse   no, as long as this run lasts",
            "  never    no, and in no later run with this profile",
            "",
            "Answers for good are kept in ~/.config/vivarium/answers, a file for each profile.",
            "",
            "Example:",
            "  viv answer agent-1 3 always");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    String[] words = positionals(arguments);
    SandboxState sandbox = Lookup.require(context.sandboxes(), words[0]);
    if (!words[1].matches("[0-9]{1,9}")) {
      throw new CliException(
          CliException.USAGE,
          "answer: not the number of a question: " + words[1] + "; viv questions lists them");
    }
    int number = Integer.parseInt(words[1]);
    Answer answer = answer(words[2]);
    try {
      Optional<NetworkQuestion> question =
          SandboxQuestions.open(context.directories(), sandbox).stream()
              .filter(q -> q.number() == number)
              .findFirst();
      if (question.isEmpty()) {
        throw new CliException(
            CliException.FAILED,
            "no such question: " + number + "; viv questions " + sandbox.name() + " lists them");
      }
      Path kept =
          SandboxQuestions.remember(
              context.directories(), sandbox.id(), question.get(), answer, context.environment());
      SandboxQuestions.answer(context.directories(), sandbox, number, answer);
      context
          .out()
          .println(
              (answer.allows() ? "allowed: " : "refused: ")
                  + question.get().subject()
                  + (kept == null ? "" : ", kept in " + kept));
      return 0;
    } catch (IOException e) {
      throw new CliException(
          CliException.FAILED, "cannot answer: " + sandbox.name() + ": " + Reason.of(e), e);
    }
  }

  private static Answer answer(String word) throws CliException {
    for (Answer answer : Answer.values()) {
      if (answer.name().toLowerCase(java.util.Locale.ROOT).equals(word)) {
        return answer;
      }
    }
    throw new CliException(
        CliException.USAGE,
        "answer: not an answer: " + word + "; there are allow, always, refuse and never");
  }
}
