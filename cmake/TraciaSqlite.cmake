# The target tracia_sqlite3: the amalgamation that ./dev setup puts into .cache/sqlite, else the system's library.
set(sqlite_dir "${CMAKE_SOURCE_DIR}/.cache/sqlite")
if(EXISTS "${sqlite_dir}/sqlite3.c")
  add_library(tracia_sqlite3 STATIC "${sqlite_dir}/sqlite3.c")
  target_include_directories(tracia_sqlite3 SYSTEM PUBLIC "${sqlite_dir}")
  # A connection is used by one thread at a time (THREADSAFE=2). Double-quoted strings are errors, as in the standard.
  target_compile_definitions(tracia_sqlite3 PRIVATE
    SQLITE_THREADSAFE=2 SQLITE_DQS=0 SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_LIKE_DOESNT_MATCH_BLOBS SQLITE_OMIT_DEPRECATED
    SQLITE_OMIT_SHARED_CACHE SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_AUTOINIT SQLITE_MAX_EXPR_DEPTH=100
    SQLITE_DEFAULT_WAL_SYNCHRONOUS=2 SQLITE_TEMP_STORE=2 HAVE_FDATASYNC=1)
  # Third-party C, tested by its makers: optimised, without our warnings and without UBSan.
  target_compile_options(tracia_sqlite3 PRIVATE -O2 -w $<$<C_COMPILER_ID:Clang>:-fno-sanitize=undefined>)
  if(TRACIA_FUZZ)
    target_compile_options(tracia_sqlite3 PRIVATE -fno-sanitize=fuzzer-no-link)
  endif()
else()
  find_package(SQLite3 3.40 REQUIRED)
  add_library(tracia_sqlite3 INTERFACE)
  target_link_libraries(tracia_sqlite3 INTERFACE SQLite::SQLite3)
  message(WARNING "SQLite ${SQLite3_VERSION} of the system: run ./dev setup for the pinned one")
endif()
