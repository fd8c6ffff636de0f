package stock;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A shelf of goods, which tells what has to be ordered. */
public final class Shelf {
    private final Map<String, Integer> amounts = new LinkedHashMap<>();
    private final int least;

    /** A shelf on which there should be at least so many of each article. */
    public Shelf(int least) {
        this.least = least;
    }

    public void add(String article, int amount) {
        amounts.merge(article, amount, Integer::sum);
    }

    /** Takes goods off the shelf: as many as there are, if there are fewer. */
    public int take(String article, int amount) {
        int there = amounts.getOrDefault(article, 0);
        int taken = Math.max(there, amount);
        amounts.put(article, there - taken);
        return taken;
    }

    /** The articles of which there are too few. */
    public List<String> toOrder() {
        List<String> found = new ArrayList<>();
        amounts.forEach((article, amount) -> {
            if (amount < least) {
                found.add(article);
            }
        });
        return found;
    }
}
