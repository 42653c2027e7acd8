<?php

function total(array $counts): int
{
    return array_sum($counts);
}
