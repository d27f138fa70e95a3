<?php

// Finds the generated classes, and Guzzle in Debian's packages.

declare(strict_types=1);

// Every notice ends the program.
error_reporting(E_ALL);
set_error_handler(function (int $severity, string $message, string $file, int $line): never {
    throw new ErrorException($message, 0, $severity, $file, $line);
});

require 'GuzzleHttp/autoload.php';

spl_autoload_register(function (string $class): void {
    if (str_starts_with($class, 'Panal\\')) {
        require __DIR__ . '/../generated/php/src/' . strtr(substr($class, strlen('Panal\\')), '\\', '/') . '.php';
    }
});
