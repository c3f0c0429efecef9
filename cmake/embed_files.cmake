# The script behind tracia_embed(): writes DIR/NAME.h and DIR/NAME.cpp with the bytes of FILES.
set(header "// Made by cmake/embed_files.cmake.\n#pragma once\n#include <string_view>\nnamespace tracia::embedded {\n")
set(source "#include \"${NAME}.h\"\n#include <cstddef>\n")
set(views "namespace tracia::embedded {\n")
foreach(file IN LISTS FILES)
  get_filename_component(base ${file} NAME)
  string(MAKE_C_IDENTIFIER ${base} symbol)
  set(bytes tracia_embedded_${symbol})
  string(APPEND header "extern const std::string_view ${symbol};\n")
  string(APPEND source
    "__asm__(\".section .rodata\\n.balign 16\\n${bytes}:\\n.incbin \\\"${file}\\\"\\n${bytes}_end:\\n.previous\\n\");\n"
    "extern \"C\" const char ${bytes}[], ${bytes}_end[];\n")
  string(APPEND views
    "const std::string_view ${symbol}(${bytes}, static_cast<std::size_t>(${bytes}_end - ${bytes}));\n")
endforeach()
file(WRITE ${DIR}/${NAME}.h "${header}}\n")
file(WRITE ${DIR}/${NAME}.cpp "${source}${views}}\n")
