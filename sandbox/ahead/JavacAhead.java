import com.sun.tools.javac.Main;
import java.io.BufferedInputStream;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * javac, started before its arguments are known.
 *
 * <p>Its own arguments are a folder for what it compiles to warm up, and the sources of that. It
 * writes a byte to stdin, which is a socket, before that and another after it. Then it reads the
 * arguments of javac there, up to the end. Each ends with a NUL.
 */
public final class JavacAhead {
    /** Calls the compiler as deep in the stack as javac's own main method does. */
    public static void main(String[] own) throws IOException {
        System.setProperty("java.class.path", ""); // as in javac, which would look for classes there
        tell();
        warmUp(own[0], own);
        tell();
        System.exit(Main.compile(handedOver()));
    }

    /** Leaves no table of names that javac would use again: the next call is as a first one. */
    private static void warmUp(String folder, String[] own) {
        for (int i = 1; i < own.length; i++) {
            String[] arguments = {"-XDuseUnsharedTable", "-encoding", "UTF-8", "-d", folder, own[i]};
            Main.compile(arguments, new PrintWriter(Writer.nullWriter()));
        }
        remove(new File(folder));
    }

    private static void remove(File file) {
        File[] inside = file.listFiles();
        if (inside != null) for (File each : inside) remove(each);
        file.delete();
    }

    private static void tell() throws IOException {
        new FileOutputStream(FileDescriptor.in).write(0);
    }

    private static String[] handedOver() throws IOException {
        InputStream socket = new BufferedInputStream(new FileInputStream(FileDescriptor.in));
        byte[] text = socket.readAllBytes(); // FileInputStream's own method wants a position
        return text.length == 0
                ? new String[0]
                : new String(text, 0, text.length - 1, StandardCharsets.UTF_8).split("\0", -1);
    }
}
