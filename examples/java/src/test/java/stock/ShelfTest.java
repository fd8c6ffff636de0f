package stock;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShelfTest {
    private final Shelf shelf = new Shelf(2);

    @BeforeEach
    void fill() {
        shelf.add("tea", 5);
        shelf.add("salt", 1);
    }

    @ParameterizedTest
    @CsvSource({"tea, 3, 3", "tea, 5, 5", "tea, 7, 5", "rice, 1, 0"})
    void takesWhatThereIs(String article, int amount, int taken) {
        assertEquals(taken, shelf.take(article, amount));
    }

    @Test
    void whatIsShortIsOrdered() {
        assertEquals(List.of("salt"), shelf.toOrder());
    }

    @Test
    void whatIsTakenIsMissing() {
        shelf.take("tea", 4);
        assertEquals(List.of("tea", "salt"), shelf.toOrder());
    }
}
