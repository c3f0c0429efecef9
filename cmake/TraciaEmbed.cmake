# tracia_embed(<target> <name> FILES …): makes <name>.h, which declares one std::string_view for each file, and compiles
# their bytes into the target. page/index.html becomes tracia::embedded::index_html. The assembler reads the bytes
# (.incbin): a file of a megabyte costs the compiler nothing.
function(tracia_embed target name)
  cmake_parse_arguments(ARG "" "" "FILES" ${ARGN})
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  list(TRANSFORM ARG_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  add_custom_command(
    OUTPUT ${dir}/${name}.cpp ${dir}/${name}.h
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DDIR=${dir} "-DFILES=${ARG_FILES}"
      -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${ARG_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${dir}/${name}.cpp ${dir}/${name}.h)
  target_include_directories(${target} PRIVATE ${dir})
endfunction()

# tracia_dashboard(<target>): embeds the dashboard, build/web/page.pack, which ./dev build makes with npm. A build
# without it (CMake alone) gets a page that says so; when the pack comes later, the next build takes it.
function(tracia_dashboard target)
  set(pack ${CMAKE_SOURCE_DIR}/build/web/page.pack)
  if(NOT EXISTS ${pack})
    set(html "<!doctype html><html lang=en><meta charset=utf-8><title>Tracia</title><p>This server was built without its dashboard: run ./dev build. The API works.")
    string(LENGTH "${html}" html_length)
    set(index "[{\"path\":\"/index.html\",\"type\":\"text/html; charset=utf-8\",\"immutable\":false,\"plain\":[0,${html_length}]}]")
    string(LENGTH "${index}" index_length)
    math(EXPR hex "${index_length}" OUTPUT_FORMAT HEXADECIMAL)
    string(SUBSTRING "${hex}" 2 -1 hex)
    string(LENGTH "${hex}" digits)
    math(EXPR zeros "8 - ${digits}")
    string(REPEAT "0" ${zeros} padding)
    file(WRITE ${pack} "TRPACK1\n${padding}${hex}\n${index}${html}")
  endif()
  tracia_embed(${target} page_pack_bytes FILES ${pack})
endfunction()
