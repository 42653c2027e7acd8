// Changes the classes that the next test loads.
import java.nio.file.*;

public class Main {
    static int value = 1;

    public static void main(String[] args) throws Exception {
        Path classes = Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        System.out.println(Files.list(classes).map(path -> path.getFileName() + " " + size(path)).sorted().toList());
        String said = "unchanged";
        for (String name : new String[] {"Main.class", "Other.class"}) {
            try {
                Files.write(classes.resolve(name), new byte[] {1});
                System.out.println("ESCAPED");
            } catch (java.io.IOException refused) {
                said = "refused";
            }
        }
        System.err.println(said);
    }

    static long size(Path path) {
        try {
            return Files.size(path);
        } catch (java.io.IOException error) {
            return -1;
        }
    }
}
