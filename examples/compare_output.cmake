# SPDX-License-Identifier: BSD-3-Clause
# cmake -P script: runs `program` and compares what it prints with the file `expected`, to the character.
cmake_minimum_required(VERSION 3.21)

execute_process(COMMAND ${program} RESULT_VARIABLE result OUTPUT_FILE ${actual})
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${program} failed: ${result}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${expected} ${actual} RESULT_VARIABLE different)
if(different)
    find_program(DIFF_PROGRAM diff)
    if(DIFF_PROGRAM)
        execute_process(COMMAND ${DIFF_PROGRAM} -u ${expected} ${actual})
    endif()
    message(FATAL_ERROR "${actual} is not ${expected}")
endif()
