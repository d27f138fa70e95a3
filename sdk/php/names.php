<?php

// Prints what the generated client is made of for programmers: classes, members of
// enumerations, operations. Every class is loaded on the way.

declare(strict_types=1);

require __DIR__ . '/autoload.php';

foreach (['Model', 'Api'] as $folder) {
    foreach (glob(__DIR__ . "/../generated/php/src/$folder/*.php") as $file) {
        $name = basename($file, '.php');
        $class = "Panal\\$folder\\$name";
        if (interface_exists($class)) {
            continue; // the generator's own
        }
        echo "class $name\n";
        if (enum_exists($class)) {
            foreach ($class::cases() as $member) {
                echo "member $name::{$member->name}\n";
            }
        }
        if ($folder !== 'Api') {
            continue;
        }
        foreach (get_class_methods($class) as $method) {
            // The other methods are these in other manners.
            if (method_exists($class, "{$method}WithHttpInfo") && !str_ends_with($method, 'Async')) {
                echo "operation $name::$method\n";
            }
        }
    }
}
