import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Scanner;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What many programs use, so that javac has read and used it. It is compiled, and never run. */
public class Warm {
    interface Shape {
        double area();

        default String described() {
            return String.format("%s of %.2f", getClass().getSimpleName(), area());
        }
    }

    static class Circle implements Shape {
        private final double radius;

        Circle(double radius) {
            this.radius = radius;
        }

        @Override
        public double area() {
            return Math.PI * radius * radius;
        }
    }

    static class Node<T extends Comparable<T>> {
        T value;
        Node<T> left, right;

        Node(T value) {
            this.value = value;
        }

        void add(T other) {
            if (other.compareTo(value) < 0) {
                if (left == null) left = new Node<>(other);
                else left.add(other);
            } else if (right == null) {
                right = new Node<>(other);
            } else {
                right.add(other);
            }
        }
    }

    enum Level {
        LOW(1),
        HIGH(2);

        final int weight;

        Level(int weight) {
            this.weight = weight;
        }
    }

    static class Failure extends RuntimeException {
        Failure(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static int weight(Level level) {
        switch (level) {
            case LOW:
                return level.weight;
            default:
                return -1;
        }
    }

    static int letters(String word) {
        switch (word) {
            case "one":
            case "two":
                return 3;
            default:
                return word.length();
        }
    }

    static long power(long base, int exponent, long modulus) {
        long result = 1;
        for (; exponent > 0; exponent >>= 1) {
            if ((exponent & 1) == 1) result = result * base % modulus;
            base = base * base % modulus;
        }
        return result;
    }

    static <K, V extends Comparable<V>> List<Map.Entry<K, V>> ranked(Map<K, V> counts) {
        List<Map.Entry<K, V>> entries = new ArrayList<>(counts.entrySet());
        entries.sort(Map.Entry.<K, V>comparingByValue().reversed());
        return entries;
    }

    public static void main(String[] args) throws IOException {
        BufferedReader reader = new BufferedReader(new InputStreamReader(System.in));
        Map<String, Integer> counts = new HashMap<>();
        for (String line; (line = reader.readLine()) != null; )
            for (String word : line.trim().split("\\s+")) counts.merge(word, 1, Integer::sum);
        try (Scanner scanner = new Scanner(String.join(" ", args))) {
            while (scanner.hasNextInt()) counts.put("" + scanner.nextInt(), letters("one"));
        } catch (IllegalStateException | ArithmeticException error) {
            throw new Failure("no numbers: " + error.getMessage(), error);
        } finally {
            System.err.println("read");
        }
        int[] numbers = IntStream.rangeClosed(1, 10).map(i -> i * i).filter(i -> i % 2 == 1).toArray();
        int[][] grid = new int[3][numbers.length];
        for (int[] row : grid) Arrays.fill(row, numbers.length > 2 ? numbers[1] : 0);
        Deque<Integer> open = new ArrayDeque<>(List.of(1, 2, 3));
        PriorityQueue<long[]> next = new PriorityQueue<>(Comparator.comparingLong(each -> each[0]));
        next.add(new long[] {power(2, 10, 1_000_000_007L), 1L});
        do {
            int current = open.isEmpty() ? 0 : open.pollFirst();
            next.offer(new long[] {current, (long) current << 2});
        } while (!open.isEmpty() && next.size() < 100);
        Function<Integer, Integer> twice = i -> 2 * i;
        BiFunction<Integer, Integer, Integer> sum = Integer::sum;
        Map<Boolean, List<String>> parts =
                counts.keySet().stream().collect(Collectors.partitioningBy(w -> w.length() > 3));
        Optional<String> longest =
                counts.keySet().stream().max(Comparator.comparing(String::length).reversed());
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Integer> each : ranked(counts))
            text.append(each.getKey()).append(": ").append(each.getValue()).append('\n');
        Node<Integer> root = new Node<>(twice.andThen(i -> i + 1).apply(sum.apply(1, 2)));
        for (int number : numbers) root.add(number);
        Shape square =
                new Shape() {
                    @Override
                    public double area() {
                        return 4.0;
                    }
                };
        Thread thread = new Thread(() -> System.out.println(square.described()));
        thread.start();
        Object shape = new Circle(1.5);
        if (shape instanceof Circle) System.out.println(((Circle) shape).described());
        System.out.printf("%d %s %b%n", weight(Level.HIGH), longest.orElse("none"), parts.get(true));
        System.out.println(text + Arrays.toString(numbers) + new TreeMap<>(counts) + Set.of(1));
        Collections.sort(new ArrayList<>(counts.values()));
        assert numbers.length > 0 : "none";
    }
}
