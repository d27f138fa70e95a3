import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.lang.model.element.Modifier;
import javax.tools.ToolProvider;

/** Prints what the given sources are made of for programmers: classes, members of enumerations, operations. */
public final class Names {
    private static final Set<String> NAMES = new TreeSet<>();

    public static void main(String[] arguments) throws IOException {
        var compiler = ToolProvider.getSystemJavaCompiler();
        var files = compiler.getStandardFileManager(null, null, null)
                .getJavaFileObjectsFromPaths(Arrays.stream(arguments).map(Path::of).toList());
        var task = (JavacTask) compiler.getTask(null, null, null, List.of(), null, files);
        for (CompilationUnitTree file : task.parse()) {
            for (Tree type : file.getTypeDecls()) {
                list((ClassTree) type);
            }
        }
        NAMES.forEach(System.out::println);
    }

    private static void list(ClassTree type) {
        if (type.getModifiers().getFlags().contains(Modifier.ABSTRACT)) {
            return; // the generator's own
        }
        String name = type.getSimpleName().toString();
        NAMES.add("class " + name);
        for (Tree member : type.getMembers()) {
            if (member instanceof ClassTree inner && inner.getModifiers().getFlags().contains(Modifier.PUBLIC)) {
                list(inner);
            } else if (type.getKind() == Tree.Kind.ENUM && member instanceof VariableTree constant
                    && constant.getModifiers().getFlags().contains(Modifier.STATIC)) {
                NAMES.add("member " + name + "." + constant.getName());
            } else if (member instanceof MethodTree method && isOperation(name, method)) {
                NAMES.add("operation " + name + "." + method.getName());
            }
        }
    }

    private static boolean isOperation(String type, MethodTree method) {
        String name = method.getName().toString();
        return type.endsWith("Api")
                && method.getModifiers().getFlags().contains(Modifier.PUBLIC)
                && method.getReturnType() != null
                && !name.endsWith("WithHttpInfo")
                && !name.equals("downloadFileFromResponse");
    }
}
