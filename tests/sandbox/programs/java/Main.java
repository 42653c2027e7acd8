// Counts words: arguments, environment, stdin, a second file, text and bytes.
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Scanner;

public class Main {
    static Map<String, Integer> countWords(Scanner text) {
        // In order of their first appearance.
        Map<String, Integer> counts = new LinkedHashMap<>();
        while (text.hasNext()) counts.merge(text.next(), 1, Integer::sum);
        return counts;
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (arguments.length > 0 && arguments[0].equals("fail")) {
            out.println("before");
            throw new IllegalStateException("failed as asked");
        }
        for (String argument : arguments) out.println("[" + argument + "]");
        out.println(System.getenv("WORD"));
        Map<String, Integer> counts = countWords(new Scanner(System.in, StandardCharsets.UTF_8));
        counts.forEach((word, count) -> out.println(count + " " + word));
        out.println("total " + lib.Total.of(counts));
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) i;
        System.err.write(bytes);
    }
}
