import java.util.List;
import java.util.Missing;

/** What many programs get wrong, so that javac has loaded its messages. */
public class Faulty {
    static int missing(List list) {
        list.add("unchecked");
        int number = "text";
        String unknown = undeclared + list.size();
        for (String each : list.of(1, 2)) unknown.push(each);
        new Faulty(3).method();
    }
}
