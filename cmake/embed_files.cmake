# The script behind tracia_embed(): writes DIR/NAME.h and DIR/NAME.cpp with the bytes of FILES.
set(header "// Made by cmake/embed_files.cmake.\n#pragma once\n#include <string_view>\nnamespace tracia::embedded {\n")
set(source "#include \"${NAME}.h\"\nnamespace tracia::embedded {\n")
foreach(file IN LISTS FILES)
  get_filename_component(base ${file} NAME)
  string(MAKE_C_IDENTIFIER ${base} symbol)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND header "extern const std::string_view ${symbol};\n")
  string(APPEND source "static const unsigned char ${symbol}_bytes[] = {${bytes}0};\n"
    "const std::string_view ${symbol}(reinterpret_cast<const char*>(${symbol}_bytes), sizeof(${symbol}_bytes) - 1);\n")
endforeach()
file(WRITE ${DIR}/${NAME}.h "${header}}\n")
file(WRITE ${DIR}/${NAME}.cpp "${source}}\n")
