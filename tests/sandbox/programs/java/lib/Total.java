package lib;

import java.util.Map;

public class Total {
    public static int of(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
}
