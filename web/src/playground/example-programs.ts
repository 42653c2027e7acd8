/** The same three programs in each language: they greet, greet by name, and add two numbers. */

export const HELLOS = new Map<string, string>(
  Object.entries({
    python: 'print("Hello, world!")\n',
    javascript: 'console.log("Hello, world!");\n',
    typescript: 'const name: string = "world";\nconsole.log(`Hello, ${name}!`);\n',
    c: '#include <stdio.h>\n\nint main(void) {\n    puts("Hello, world!");\n    return 0;\n}\n',
    cpp: '#include <iostream>\n\nint main() {\n    std::cout << "Hello, world!\\n";\n}\n',
    java: `public class Main {
    public static void main(String[] args) {
        System.out.println("Hello, world!");
    }
}
`,
    go: 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("Hello, world!")\n}\n',
    rust: 'fn main() {\n    println!("Hello, world!");\n}\n',
    ruby: 'puts "Hello, world!"\n',
    php: '<?php\necho "Hello, world!\\n";\n',
    perl: 'use strict;\nuse warnings;\n\nprint "Hello, world!\\n";\n',
    bash: 'echo "Hello, world!"\n',
    lua: 'print("Hello, world!")\n',
    r: 'cat("Hello, world!\\n")\n',
  }),
);

export const GREETINGS = new Map<string, string>(
  Object.entries({
    python: 'name = input()\nprint(f"Hello, {name}!")\n',
    javascript: `const name = require("node:fs").readFileSync(0, "utf-8").trim();
console.log(\`Hello, \${name}!\`);
`,
    typescript: `import { readFileSync } from "node:fs";

const name: string = readFileSync(0, "utf-8").trim();
console.log(\`Hello, \${name}!\`);
`,
    c: `#include <stdio.h>

int main(void) {
    char name[100];
    if (scanf("%99s", name) != 1) return 1;
    printf("Hello, %s!\\n", name);
    return 0;
}
`,
    cpp: `#include <iostream>
#include <string>

int main() {
    std::string name;
    std::getline(std::cin, name);
    std::cout << "Hello, " << name << "!\\n";
}
`,
    java: `import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        String name = new Scanner(System.in).nextLine();
        System.out.println("Hello, " + name + "!");
    }
}
`,
    go: `package main

import "fmt"

func main() {
	var name string
	fmt.Scanln(&name)
	fmt.Printf("Hello, %s!\\n", name)
}
`,
    rust: `use std::io;

fn main() {
    let mut name = String::new();
    io::stdin().read_line(&mut name).unwrap();
    println!("Hello, {}!", name.trim());
}
`,
    ruby: 'name = gets.chomp\nputs "Hello, #{name}!"\n',
    php: '<?php\n$name = trim(fgets(STDIN));\necho "Hello, $name!\\n";\n',
    perl: 'use strict;\nuse warnings;\n\nchomp(my $name = <STDIN>);\nprint "Hello, $name!\\n";\n',
    bash: 'read -r name\necho "Hello, $name!"\n',
    lua: 'local name = io.read("l")\nprint("Hello, " .. name .. "!")\n',
    r: 'name <- readLines(file("stdin"), n = 1)\ncat("Hello, ", name, "!\\n", sep = "")\n',
  }),
);

export const SUMS = new Map<string, string>(
  Object.entries({
    python: "a, b = map(int, input().split())\nprint(a + b)\n",
    javascript: `const [a, b] = require("node:fs").readFileSync(0, "utf-8").split(" ").map(Number);
console.log(a + b);
`,
    typescript: `import { readFileSync } from "node:fs";

const [a = 0, b = 0] = readFileSync(0, "utf-8").split(" ").map(Number);
console.log(a + b);
`,
    c: `#include <stdio.h>

int main(void) {
    long a, b;
    if (scanf("%ld %ld", &a, &b) != 2) return 1;
    printf("%ld\\n", a + b);
    return 0;
}
`,
    cpp: `#include <iostream>

int main() {
    long a, b;
    std::cin >> a >> b;
    std::cout << a + b << "\\n";
}
`,
    java: `import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner input = new Scanner(System.in);
        System.out.println(input.nextLong() + input.nextLong());
    }
}
`,
    go: `package main

import "fmt"

func main() {
	var a, b int
	fmt.Scan(&a, &b)
	fmt.Println(a + b)
}
`,
    rust: `use std::io;

fn main() {
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
    let sum: i64 = line.split_whitespace().map(|word| word.parse::<i64>().unwrap()).sum();
    println!("{}", sum);
}
`,
    ruby: "puts gets.split.map(&:to_i).sum\n",
    php: '<?php\n[$a, $b] = explode(" ", fgets(STDIN));\necho (int) $a + (int) $b, "\\n";\n',
    perl: 'use strict;\nuse warnings;\n\nmy ($a, $b) = split " ", <STDIN>;\nprint $a + $b, "\\n";\n',
    bash: "read -r a b\necho $((a + b))\n",
    lua: 'local a, b = io.read("n", "n")\nprint(a + b)\n',
    r: `numbers <- scan(file("stdin"), quiet = TRUE)
cat(format(sum(numbers), scientific = FALSE), "\\n", sep = "")
`,
  }),
);
