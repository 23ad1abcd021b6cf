package dev.vivarium.gui.images;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.image.store.Progress.Layer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PullProgressTest {
  private final List<String> heard = new ArrayList<>();
  private final List<Runnable> onItsWay = new ArrayList<>();
  private final PullProgress progress =
      new PullProgress(
          new PullProgress.View() {
            @Override
            public void layers(List<Layer> all) {
              heard.add(all.size() + " layers");
            }

            @Override
            public void advanced(String digest, long bytes) {
              heard.add(digest + " " + bytes);
            }

            @Override
            public void finished(String digest) {
              heard.add(digest + " done");
            }
          },
          onItsWay::add,
          onItsWay::add);

  private void arrive() {
    onItsWay.forEach(Runnable::run);
    onItsWay.clear();
  }

  @Test
  void aViewHearsWhatIsFetchedHowFarItIsAndWhenItIsThere() {
    progress.started("image", List.of(new Layer("a", 10, false)));
    progress.advanced("a", 3);
    arrive();
    progress.finished("a");
    arrive();
    assertEquals(List.of("1 layers", "a 3", "a done"), heard);
  }

  @Test
  void ofManyAdvancesAtOnceTheLastIsHeardAndNoneAfterTheEnd() {
    progress.advanced("a", 1);
    progress.advanced("a", 2);
    progress.advanced("a", 3);
    arrive();
    assertEquals(List.of("a 3"), heard);
    progress.advanced("a", 4);
    progress.finished("a");
    arrive();
    assertEquals(List.of("a 3", "a done"), heard);
  }

  @Test
  void whatWasOnItsWayWhenTheViewHadDoneWithItIsNotHeard() {
    progress.started("image", List.of(new Layer("a", 10, false)));
    progress.advanced("a", 3);
    progress.end();
    arrive();
    progress.finished("a");
    arrive();
    assertEquals(List.of(), heard);
  }
}
